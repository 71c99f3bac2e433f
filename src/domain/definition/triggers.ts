import { z } from 'zod';
import { alertSource } from '../alert.ts';
import { rollbackRequest } from '../plan/request.ts';

const rule = z.strictObject({
  source: alertSource.describe('Who sends the alert, as in POST /triggers/<source>'),
  match: z
    .record(z.string().min(1), z.string())
    .refine((labels) => Object.keys(labels).length > 0, 'must name at least one label')
    .describe('Labels that must all be equal to those of the alert'),
  // The same words as in a request, but only the definition chooses: a label never names a revision.
  target: rollbackRequest.shape.target,
  begins: z
    .enum(['at-gate', 'at-once'])
    .default('at-gate')
    .describe(
      'at-gate: a person must approve at gate start, whatever approvals say; at-once: approvals decide',
    ),
});

/** The allow-list: an alert that fits no rule starts nothing. */
export const triggers = z.array(rule).default([]);
export type TriggerRule = z.infer<typeof rule>;
