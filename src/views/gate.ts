import { samePerson } from '../domain/approval/verified-statement.ts';
import type { Situation } from '../domain/leads-to.ts';
import { people } from '../domain/text.ts';
import type { GateProgress } from './progress.ts';
import { line } from './blocks.ts';
import type { Action, Text } from './blocks.ts';
import { consequenceOf } from './facts.ts';
import type { Consequence, Way } from './facts.ts';

/** What is shown at a gate, made once when it opens. */
export interface GateSummary {
  shows: string[];
  /** Why approving must be confirmed; none: a press will do. */
  dangers: string[];
}

/** Where a gate is open, as far as people read of it. */
export interface AtGate extends Way {
  service: string;
  situation: Situation;
  gate: GateProgress;
}

const answered = (
  { gate: { gate }, situation, ...way }: AtGate,
  answer: 'approve' | 'reject' | 'expire',
): Consequence => consequenceOf({ gate, answer }, situation, way);

/** Who is still waited for. */
export function gateWaits({ people: needed, approvedBy }: GateProgress): string {
  const missing = needed - approvedBy.length;
  return approvedBy.length === 0
    ? `waits for ${people(missing)}`
    : `waits for ${missing === 1 ? '1 more person' : `${missing} more people`}; approved by ${approvedBy.join(', ')}`;
}

/** What happens by itself where not enough people approve in time. */
export const ifGateExpires = (at: AtGate): Text =>
  line`If ${at.gate.people === 1 ? 'nobody approves' : 'not enough people approve'}, it expires ${{ time: at.gate.expiresAt, as: 'until' }}. ${answered(at, 'expire').consequence}`;

/** What is approved, each line once: first why it must be confirmed. */
export const gateShows = ({ dangers = [], shows }: GateProgress): string[] => [
  ...dangers.map((danger) => `Danger: ${danger}`),
  ...shows.filter((each) => !dangers.includes(each)),
];

/** What can be answered. */
export function gateActions(at: AtGate): Action[] {
  const { service, gate } = at;
  const target = { service, gate: gate.gate, hash: gate.hash } as const;
  const [approve, reject] = [answered(at, 'approve'), answered(at, 'reject')];
  return [
    {
      ...target,
      verb: 'approve',
      label: approve.label,
      consequence: approve.consequence,
      dangers: gate.dangers ?? [],
      tone: 'primary',
      reason: 'may',
    },
    {
      ...target,
      verb: 'reject',
      label: reject.label,
      consequence: reject.consequence,
      dangers: [],
      tone: 'danger',
      reason: 'may',
    },
  ];
}

/** For a person whose roles let them pass the gate alone. */
export function breakGlassAction({ service, gate }: AtGate): Action {
  return {
    service,
    verb: 'approve',
    gate: gate.gate,
    hash: gate.hash,
    breakGlass: true,
    label: 'Pass it alone',
    consequence: 'You pass this gate alone, whatever the policy says.',
    dangers: [
      'You pass this gate alone, whatever the policy says. Your name and reason stand first in the report.',
    ],
    tone: 'danger',
    reason: 'must',
  };
}

interface Person {
  name: string;
  /** Absent where nobody knows them. */
  roles?: readonly string[];
}

export const mayBreakGlass = ({ wants }: GateProgress, { roles = [] }: Person): boolean =>
  wants?.breakGlass?.some((role) => roles.includes(role)) === true;

/** Why this person is not the one that the gate waits for; undefined where they may approve. */
export function whyNotYou({ approvedBy, wants }: GateProgress, { name, roles }: Person): string | undefined {
  if (approvedBy.some((by) => samePerson(by, name))) return 'You have approved. Another person is needed.';
  if (wants?.notBy !== undefined && samePerson(wants.notBy, name))
    return 'You started it, so somebody else must approve it.';
  if (roles !== undefined && wants?.roles && !wants.roles.some((role) => roles.includes(role)))
    return `Approving needs one of these roles: ${wants.roles.join(', ')}. Yours: ${roles.join(', ') || 'none'}.`;
  return undefined;
}
