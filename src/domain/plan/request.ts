import { z } from 'zod';
import { startingAlert } from '../alert.ts';
import { serviceName } from '../names.ts';
import { longestReason, proof, proofMethod } from '../approval/statement.ts';

/**
 * What starts a rollback: one JSON object, of which only `service` is needed. Sent by the CLI, the Temporal
 * UI, `temporal`, `tctl` or an alert (runbook, Step 4, Options A to C).
 */
export const rollbackRequest = z.strictObject({
  service: serviceName.describe('Name of a service definition'),
  target: z
    .string()
    .regex(
      /^(-[1-9]\d*|base|[A-Za-z0-9_][A-Za-z0-9_.]*(-[A-Za-z0-9_.]+)*)$/,
      'must be -1, -2, …, base, or a revision',
    )
    .default('-1')
    .describe('-1: one migration back; a revision; or base (extreme)'),
  reason: z.string().max(longestReason).optional().describe('Why, for the report'),
  requestedBy: z.string().max(200).optional().describe('Who asks; self-asserted'),
  requestedVia: proofMethod.optional().describe('How the gateway proved who asks; said by the gateway'),
  trigger: z
    .string()
    .max(200)
    .optional()
    .describe('Names the incident; a second start by the same trigger is answered with the first run'),
  alert: startingAlert.optional().describe('The alert that asks; said by the gateway'),
  proof: proof
    .optional()
    .describe('Signed by the gateway; without it, nothing that is said of who asks is proved'),
});
export type RollbackRequest = z.infer<typeof rollbackRequest>;

/** Every fault of a zod error as `path: message`, so that bad input is refused with all of them named. */
export function faultsOf(error: z.ZodError): string[] {
  return error.issues.map((issue) => {
    const path = issue.path.map(String).join('.');
    return path === '' ? issue.message : `${path}: ${issue.message}`;
  });
}
