import { z } from 'zod';

/** What the downgrade would destroy is kept first. */
export const salvage = z.strictObject({
  use: z
    .enum(['auto', 'never'])
    .default('auto')
    .describe('auto: everything that the rehearsal finds lost is saved in a file; never: it is lost'),
});
