import { z } from 'zod';

/** The downgrade on a scratch copy, before anybody is asked (runbook: "Test rollback in staging first"). */
export const rehearsal = z.strictObject({
  use: z
    .enum(['auto', 'never'])
    .default('auto')
    .describe('auto: wherever a copy can be made; never: only where the copy would take too long'),
});
