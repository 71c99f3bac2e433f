import { z } from 'zod';
import type { Backup, Place } from '../backup.ts';
import { duration } from '../duration.ts';
import { dnsLabel } from '../names.ts';
import { secretReference } from './secret-reference.ts';

const s3 = z.strictObject({
  bucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket, 3 to 63 characters')
    .describe('Name of the bucket'),
  prefix: z
    .string()
    .regex(/^[^/](.*[^/])?$/, 'must neither begin nor end with "/"')
    .optional()
    .describe('Begins every key, for instance backstep/production'),
  region: z.string().min(1).default('us-east-1').describe('Its region'),
  endpoint: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Address of an S3 server that is not AWS'),
  forcePathStyle: z
    .boolean()
    .default(false)
    .describe('The bucket in the path and not in the host name, as most servers other than AWS need it'),
  credentials: z
    .strictObject({
      accessKeyId: secretReference.describe('AWS_ACCESS_KEY_ID'),
      secretAccessKey: secretReference.describe('AWS_SECRET_ACCESS_KEY'),
      sessionToken: secretReference.optional().describe('AWS_SESSION_TOKEN'),
    })
    .optional()
    .describe("Secrets with the access key; if not given, the service account's own identity is used"),
});

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
    claim: dnsLabel.optional().describe('PersistentVolumeClaim for dumps'),
    s3: s3.optional().describe('Bucket for dumps, instead of a claim'),
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
      .describe('How long a dump is kept; afterwards `backstep artifacts <service> --expired` deletes it'),
  })
  .superRefine(({ claim, s3 }, context) => {
    if ((claim === undefined) === (s3 === undefined)) {
      const message = 'name either a claim or s3, as the one place where dumps are kept';
      context.addIssue({ code: 'custom', message });
    }
  });

type Definition = z.infer<typeof backup>;
/** Where the access key of a bucket lies. */
export type BucketCredentials = NonNullable<z.infer<typeof s3>['credentials']>;

/** Where new dumps go. */
export const placeOf = ({ claim, s3 }: Definition): Place =>
  s3 === undefined
    ? { claim: claim ?? '' }
    : {
        bucket: s3.bucket,
        region: s3.region,
        ...(s3.endpoint !== undefined && { endpoint: s3.endpoint }),
        forcePathStyle: s3.forcePathStyle,
      };

/** Where a backup lies; undefined where the definition knows no way there any more. */
export function placeOfBackup(definition: Definition, { claim, bucket }: Backup): Place | undefined {
  if (claim !== undefined) return { claim };
  const place = placeOf(definition);
  return 'bucket' in place && bucket !== undefined ? { ...place, bucket } : undefined;
}

/** What a Job must be given so that it reaches the dumps: a volume, or the credentials of the bucket. */
export type Dumps = { claim: string } | { credentials?: BucketCredentials };

export const dumpsOf = ({ claim, s3 }: Pick<Definition, 'claim' | 's3'>): Dumps =>
  claim === undefined ? { ...(s3?.credentials && { credentials: s3.credentials }) } : { claim };
