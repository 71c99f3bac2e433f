import { z } from 'zod';
import { duration } from '../duration.ts';

/** The clone of the database on its own server, made once writes have stopped. */
export const restorePoint = z.strictObject({
  use: z.enum(['auto', 'never']).default('auto').describe('auto: wherever space and rights allow it'),
  within: duration.prefault('10m').describe('Longest time that cloning may take'),
  freeSpace: z
    .string()
    .regex(/^\d+(MB|GB|TB)$/, 'must be a number and MB, GB or TB')
    .optional()
    .describe(
      'Space free for copies on the database server, which SQL cannot tell; no clone is made that would take more than half of it',
    ),
  keepFor: duration.prefault('7d').describe('How long restore points and failed databases are kept'),
});
