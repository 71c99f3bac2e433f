import { z } from 'zod';
import { duration } from '../duration.ts';

/** How a snapshot is made; each has its file in src/snapshots/. */
const kind = z.enum(['clone']);
export type SnapshotKindName = z.infer<typeof kind>;

/** What keeps the database as it was, on its own server, made once writes have stopped. */
export const snapshot = z.strictObject({
  kind: kind.default('clone').describe('How it is made: `clone` copies the database on its own server'),
  use: z
    .enum(['auto', 'never'])
    .default('auto')
    .describe('auto: if rights and `freeSpace` allow it; without `freeSpace` no space is checked'),
  within: duration.prefault('10m').describe('Time limit for cloning and reading the clone'),
  freeSpace: z
    .string()
    .regex(/^\d+(MB|GB|TB)$/, 'must be a number and MB, GB or TB')
    .optional()
    .describe(
      'Free space for copies on the database server, which SQL cannot tell; no copy is made that would take more than half of it. Without it a copy can fill the disk',
    ),
  keepFor: duration.prefault('7d').describe('How long snapshots and failed databases are kept'),
});
