import { z } from 'zod';

/** The downgrade on a scratch copy, before anybody is asked (runbook: "Test rollback in staging first"). */
export const rehearsal = z.strictObject({
  use: z
    .enum(['auto', 'never'])
    .default('auto')
    .describe(
      'auto: if a copy can be made; never: for databases whose copy would take too long. Without a rehearsal the loss is unknown, and the people of approvals.loss must approve',
    ),
});
