import { z } from 'zod';
import { alertSource, fingerprint } from '../alert.ts';
import { decisions, gateNames, planHash } from './answers.ts';
import { longestReason, proof as signed } from './statement.ts';

const by = z.string().trim().min(1).max(200).describe('Who says it; self-asserted where there is no proof');
const reason = z.string().max(longestReason).optional();
const proof = signed.optional().describe('Signed by the gateway; without it, who says it is self-asserted');
const gate = z.enum(gateNames);

/** `approve` and `reject`: for one gate and one plan hash, as `status` and the Temporal UI show them (law 5). */
export const verdictMessage = z.strictObject({
  gate,
  plan: planHash,
  by,
  reason,
  proof,
});
export type VerdictMessage = z.infer<typeof verdictMessage>;

export const approveMessage = verdictMessage.extend({
  breakGlass: z
    .boolean()
    .optional()
    .describe('Pass the gate alone, with a reason; by a proved person in a role for it'),
});
export type ApproveMessage = z.infer<typeof approveMessage>;

/** `decide`: the answer to one hold, named `<step>-<try>`. */
export const decisionMessage = z.strictObject({
  hold: z.string().min(1).max(200),
  decision: z.enum(decisions),
  by,
  reason,
  proof,
});
export type DecisionMessage = z.infer<typeof decisionMessage>;

export const acknowledgeMessage = z.strictObject({ by, proof });
export type AcknowledgeMessage = z.infer<typeof acknowledgeMessage>;

/** `annotate`: an alert that came while the rollback was open. It is noted, and changes nothing. */
export const annotateMessage = z.strictObject({
  source: alertSource,
  fingerprint,
  status: z.enum(['firing', 'resolved']),
  text: z.string().trim().max(500).describe('What it says, for people'),
  at: z.iso.datetime({ offset: true }).describe('When it fired or was resolved, as its source has it'),
});
export type AnnotateMessage = z.infer<typeof annotateMessage>;

/** So many alerts are noted in a rollback. */
export const annotationsKept = 50;

/** Signals and updates carry the same names and the same JSON; updates answer, signals cannot. */
export const messages = {
  approve: { schema: approveMessage, description: 'Let the rollback pass a gate: {"gate","plan","by"}' },
  reject: {
    schema: verdictMessage,
    description: 'Refuse a gate, which says what that leads to: {"gate","plan","by"}',
  },
  decide: {
    schema: decisionMessage,
    description: 'Answer a hold: {"hold","decision":"retry|skip|restore|abort","by"}',
  },
  acknowledge: { schema: acknowledgeMessage, description: 'Tell the others that somebody is on it: {"by"}' },
  annotate: {
    schema: annotateMessage,
    description:
      'Note an alert that fired again or was resolved; changes nothing: {"source","fingerprint","status","text","at"}',
  },
} as const;

export type MessageName = keyof typeof messages;

export const queries = {
  progress: 'Steps with their times, the open gate or hold, and what to do next',
  plan: 'The plan with its hash, and what was seen',
  report: 'The report as far as it goes',
} as const;

/** Search attributes, all Keyword; `backstep setup` registers them. */
export const searchAttributes = {
  service: 'BackstepService',
  phase: 'BackstepPhase',
  target: 'BackstepTarget',
  outcome: 'BackstepOutcome',
} as const;
