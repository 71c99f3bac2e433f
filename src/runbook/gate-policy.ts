import type { GateWants } from './journal.ts';
import type { Plan } from './plan.ts';
import { mustBeConfirmed } from './point-in-time.ts';
import type { GateName } from './service.ts';

export interface GatePolicy {
  /** How many different people. */
  people: number;
  /** How long the gate stays open; milliseconds. */
  within: number;
  wants: GateWants;
}

/** Of a plan of version 0.2 all but `people` and `within` is absent. */
interface Approval {
  people: number;
  within: number;
  roles?: string[];
}

/** A policy in place of another never asks for less. */
const stricter = (plain: Approval, instead: Approval): Approval => ({
  ...plain,
  people: Math.max(plain.people, instead.people),
  ...(instead.roles && instead.roles.length > 0 && { roles: instead.roles }),
});

const atLeast = (people: number, approval: Approval): Approval => ({
  ...approval,
  people: Math.max(people, approval.people),
});

/** What the definition says of this gate. */
function approvalAt(plan: Plan, gate: GateName, loses: boolean): Approval {
  const { start, downgrade, base, loss, restore } = plan.service.approvals;
  if (gate === 'downgrade') {
    const plain = { ...(plan.target === 'base' ? base : downgrade), people: plan.people };
    return loses ? stricter(plain, loss) : plain;
  }
  if (gate === 'restore') return loses ? stricter(restore, loss) : restore;
  return nobodySaidSo(plan) ? atLeast(1, start) : start;
}

/** Where it began by itself, or by a guess, or halfway: nobody but a person can say that it goes on. */
function nobodySaidSo(plan: Plan): boolean {
  const { request, takesUp } = plan;
  const { selfAsserted } = plan.service.approvals;
  const confirms = plan.kind === 'point-in-time-restore' && mustBeConfirmed(plan.moment);
  const unproved = selfAsserted === 'refuse' && request.requestedVia === undefined;
  return takesUp?.pivotPassed === true || confirms || (alertOf(plan) ? !beginsAtOnce(plan) : unproved);
}

const alertOf = ({ request }: Plan) => ('alert' in request ? request.alert : undefined);

/** The definition alone lets an alert stop writes without a person; the alert only names the rule it fits. */
function beginsAtOnce(plan: Plan): boolean {
  const { rule, source } = alertOf(plan) ?? {};
  const trigger = rule === undefined ? undefined : plan.service.triggers[rule];
  return trigger?.source === source && trigger?.begins === 'at-once';
}

/**
 * Who passes a gate: how many different people, in what time, and what else the policy wants of them. A role
 * can only be proved, so where roles are wanted a self-asserted name does not count.
 *
 * @param loses whether something is lost that was not salvaged: then the policy for losses holds
 */
export function policyAt(plan: Plan, gate: GateName, loses: boolean): GatePolicy {
  const { people, within, roles = [] } = approvalAt(plan, gate, loses);
  const { selfAsserted, selfApproval, breakGlass } = plan.service.approvals;
  const starter = plan.request.requestedBy;
  const wants: GateWants = {
    ...(roles.length > 0 && { roles }),
    ...((selfAsserted === 'refuse' || roles.length > 0) && { proof: true }),
    ...(selfApproval === 'refuse' && starter !== undefined && { notBy: starter }),
    ...(breakGlass && { breakGlass: breakGlass.roles }),
  };
  // Whoever started it without a name may be one of those who approve: a second person cannot be, too.
  const nameless = selfApproval === 'refuse' && starter === undefined && alertOf(plan) === undefined;
  return { people: nameless && people > 0 ? Math.max(2, people) : people, within, wants };
}

/** The same for people, a line each. */
export const wantsInWords = ({ roles, proof, notBy, breakGlass }: GateWants): string[] => [
  ...(roles ? [`Who approves must hold one of the roles: ${roles.join(', ')}`] : []),
  ...(proof ? ['Only a proved person counts: approve on the page of the gateway, or with a token'] : []),
  ...(notBy === undefined ? [] : [`${notBy} started it, so another person must approve`]),
  ...(breakGlass
    ? [`May be passed alone, with a reason, by one of the roles: ${breakGlass.join(', ')}`]
    : []),
];
