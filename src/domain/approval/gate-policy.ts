import type { GateWants } from '../journal/journal.ts';
import type { Plan } from '../plan/plan.ts';
import { mustBeConfirmed } from '../plan/point-in-time.ts';
import { shortHash } from '../plan/hash.ts';
import type { GateName } from './answers.ts';

export interface GatePolicy {
  /** How many different people. */
  people: number;
  /** How long the gate stays open; milliseconds. */
  within: number;
  wants: GateWants;
}

interface Approval {
  people: number;
  within: number;
  roles: string[];
}

/** A policy in place of another never asks for less. */
const stricter = (plain: Approval, instead: Approval): Approval => ({
  ...plain,
  people: Math.max(plain.people, instead.people),
  ...(instead.roles.length > 0 && { roles: instead.roles }),
});

const atLeast = (people: number, approval: Approval): Approval => ({
  ...approval,
  people: Math.max(people, approval.people),
});

/** Who started it, where the gateway signed that: the person or the alert in the request is proved then. */
export interface Started {
  /** Of a person: the provider that proved them. */
  issuer?: string;
}

/** What the definition says of this gate. */
function approvalAt(plan: Plan, gate: GateName, loses: boolean, started: Started | undefined): Approval {
  const { start, downgrade, base, loss, restore } = plan.service.approvals;
  if (gate === 'downgrade') {
    const plain = { ...(plan.target === 'base' ? base : downgrade), people: plan.people };
    return loses ? stricter(plain, loss) : plain;
  }
  if (gate === 'restore') return loses ? stricter(restore, loss) : restore;
  return nobodySaidSo(plan, started) ? atLeast(1, start) : start;
}

/** Where it began by itself, or by a guess, or halfway: nobody but a person can say that it goes on. */
function nobodySaidSo(plan: Plan, started: Started | undefined): boolean {
  const { takesUp } = plan;
  const { selfAsserted } = plan.service.approvals;
  const confirms = plan.kind === 'point-in-time-restore' && mustBeConfirmed(plan.recovery);
  const proved = started !== undefined;
  const said = alertOf(plan) ? proved && beginsAtOnce(plan) : proved || selfAsserted !== 'refuse';
  return takesUp?.pivotPassed === true || confirms || !said;
}

const alertOf = ({ request }: Plan) => ('alert' in request ? request.alert : undefined);

/**
 * The definition alone lets an alert stop writes without a person; the alert only names the rule it fits. The
 * gateway read the definition before: where another rule stands there now, a person is asked.
 */
function beginsAtOnce(plan: Plan): boolean {
  const { rule, ruleHash, source } = alertOf(plan) ?? {};
  const trigger = rule === undefined ? undefined : plan.service.triggers[rule];
  return trigger?.begins === 'at-once' && trigger.source === source && shortHash(trigger) === ruleHash;
}

/**
 * Who passes a gate: how many different people, in what time, and what else the policy wants of them. A role
 * can only be proved, so where roles are wanted a self-asserted name does not count.
 *
 * @param loses whether something is lost that was not salvaged: then the policy for losses holds
 * @param started absent where nobody proved who started it: a name in the request is then one that anybody may write
 */
export function policyAt(plan: Plan, gate: GateName, loses: boolean, started?: Started): GatePolicy {
  const { people, within, roles } = approvalAt(plan, gate, loses, started);
  const { selfAsserted, selfApproval, breakGlass } = plan.service.approvals;
  const { requestedBy, requestedVia } = plan.request;
  const starter =
    started && requestedVia && requestedBy !== undefined
      ? { notBy: requestedBy, startedVia: { method: requestedVia, ...started } }
      : undefined;
  const wants: GateWants = {
    ...(roles.length > 0 && { roles }),
    ...((selfAsserted === 'refuse' || roles.length > 0) && { proof: true }),
    ...(selfApproval === 'refuse' && starter),
    ...(breakGlass && { breakGlass: breakGlass.roles }),
  };
  // Whoever started it without a proved name may be one of those who approve: a second person cannot be, too.
  const byAlert = started !== undefined && alertOf(plan) !== undefined;
  const nameless = selfApproval === 'refuse' && starter === undefined && !byAlert;
  return { people: nameless && people > 0 ? Math.max(2, people) : people, within, wants };
}

/** The same for people, a line each. */
export const describeWants = ({ roles, proof, notBy, breakGlass }: GateWants): string[] => [
  ...(roles ? [`Who approves must hold one of the roles: ${roles.join(', ')}`] : []),
  ...(proof ? ['Only a proved person counts: approve on the page of the gateway, or with a token'] : []),
  ...(notBy === undefined ? [] : [`${notBy} started it, so another person must approve`]),
  ...(breakGlass
    ? [`May be passed alone, with a reason, by one of the roles: ${breakGlass.join(', ')}`]
    : []),
];
