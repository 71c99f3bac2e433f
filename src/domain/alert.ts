import { z } from 'zod';

/** Who sends alerts; each has its file in src/triggers/. */
export const alertSource = z.enum(['alertmanager', 'grafana', 'pagerduty', 'standard', 'generic']);
export type AlertSource = z.infer<typeof alertSource>;

export const fingerprint = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .describe('Names the alert; the same for each repeat');

/** The alert that started a rollback. It says why, never what: no revision, no command. */
export const startingAlert = z.strictObject({
  source: alertSource,
  name: z.string().max(200).optional(),
  fingerprint,
  rule: z
    .int()
    .min(0)
    .max(99)
    .optional()
    .describe('Which of `triggers` in the service definition it matched, counted from 0'),
  ruleHash: z
    .string()
    .regex(/^[0-9a-f]{12}$/)
    .optional()
    .describe('Hash of that rule as the gateway read it: the definition may have changed since'),
});
export type StartingAlert = z.infer<typeof startingAlert>;
