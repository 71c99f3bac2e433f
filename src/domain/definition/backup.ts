import { z } from 'zod';
import { duration } from '../duration.ts';
import { dnsLabel } from '../names.ts';
import { placeKeys, placeKinds } from './dump-place.ts';

const levels = { gzip: 9, lz4: 12, zstd: 22, none: 0 } as const;

const compression = z
  .strictObject({
    method: z
      .enum(['gzip', 'lz4', 'zstd', 'none'])
      .default('gzip')
      .describe('lz4 and zstd need pg_dump 16 or newer, built with them'),
    level: z.int().min(0).max(22).optional().describe('Without it 1, the fastest'),
  })
  .superRefine(({ method, level }, context) => {
    if (level === undefined) return;
    const most = levels[method];
    if (level > most || (level === 0 && most > 0)) {
      const message = most === 0 ? 'none has no level' : `must be 1 to ${most} for ${method}`;
      context.addIssue({ code: 'custom', path: ['level'], message });
    }
  });

/** Where and how the database is backed up, and how far the backup is proved (runbook, Step 2). */
export const backup = z
  .strictObject({
    ...placeKeys,
    format: z
      .enum(['custom', 'directory'])
      .default('custom')
      .describe('custom: one file, streamed; directory: one file for each table, dumped in parallel'),
    jobs: z
      .int()
      .min(1)
      .max(32)
      .default(2)
      .describe('Tables dumped at once (directory format) and restored at once'),
    compression: compression.prefault({}).describe('How dumps are compressed'),
    proof: z
      .enum(['read', 'restore'])
      .default('read')
      .describe(
        'read: the whole archive is read back and compared with the catalog and the row counts; restore: it is also restored into a scratch database and compared there',
      ),
    image: z
      .string()
      .min(1)
      .optional()
      .describe(
        "Backstep's job image, with the PostgreSQL clients of every supported major version; without it, the worker's BACKSTEP_JOB_IMAGE",
      ),
    serviceAccount: dnsLabel
      .optional()
      .describe('Service account of the Jobs that dump and restore, in the namespace of the service'),
    timeout: duration.prefault('2h').describe('Time limit of a dump or a restore'),
    proveBefore: z
      .enum(['downgrade', 'resume', 'end'])
      .default('downgrade')
      .describe(
        'When the backup must be proven. With resume (of writes) or end, the snapshot is dumped while the rollback goes on; without a snapshot it is proven before the downgrade in any case',
      ),
    keepFor: duration
      .prefault('30d')
      .describe(
        'How long a dump is kept; afterwards `backstep artifacts <service> --remove-expired` deletes it',
      ),
  })
  .superRefine((found, context) => {
    if (placeKinds.filter((kind) => found[kind] !== undefined).length === 1) return;
    const message = `name either ${placeKinds.join(' or ')}, as the one place where dumps are kept`;
    context.addIssue({ code: 'custom', message });
  });
