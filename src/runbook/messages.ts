import { z } from 'zod';

const by = z.string().trim().min(1).max(200).describe('Who says it; self-asserted');
const reason = z.string().max(2_000).optional();
const gate = z.enum(['start', 'downgrade', 'restore']);

/** `approve` and `reject`: for one gate and one plan hash, as `status` and the Temporal UI show them (law 5). */
export const verdictMessage = z.strictObject({
  gate,
  plan: z.string().regex(/^[0-9a-f]{12}$/, 'must be the 12 hexadecimal digits of the plan hash'),
  by,
  reason,
});
export type VerdictMessage = z.infer<typeof verdictMessage>;

/** `decide`: the answer to one hold, named `<step>-<try>`. */
export const decisionMessage = z.strictObject({
  hold: z.string().min(1).max(200),
  decision: z.enum(['retry', 'skip', 'restore', 'abort']),
  by,
  reason,
});
export type DecisionMessage = z.infer<typeof decisionMessage>;

export const acknowledgeMessage = z.strictObject({ by });
export type AcknowledgeMessage = z.infer<typeof acknowledgeMessage>;

/** Signals and updates carry the same names and the same JSON; updates answer, signals cannot. */
export const messages = {
  approve: { schema: verdictMessage, description: 'Let the rollback pass a gate: {"gate","plan","by"}' },
  reject: {
    schema: verdictMessage,
    description: 'Refuse a gate; what was stopped is put back: {"gate","plan","by"}',
  },
  decide: {
    schema: decisionMessage,
    description: 'Answer a hold: {"hold","decision":"retry|skip|restore|abort","by"}',
  },
  acknowledge: { schema: acknowledgeMessage, description: 'Tell the others that somebody is on it: {"by"}' },
} as const;

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
