import { z } from 'zod';
import { serviceName } from '../names.ts';
import { rollbackRequest } from './request.ts';

const { reason, requestedBy, requestedVia, trigger } = rollbackRequest.shape;

/** A dump that somebody put on the backup store: the runbook's own `pg_dump … | gzip`, or one in custom format. */
const dumpFile = z.strictObject({
  file: z
    .string()
    .min(1)
    .max(500)
    .regex(/^(?!\/)(?!.*(^|\/)\.\.(\/|$))[^\0\n]+$/, 'must be a path within the backup store, without ..')
    .describe('Path within the backup store: dumps/backup_20251118.sql.gz'),
});

/**
 * What starts an emergency restore: one JSON object, of which only `service` is needed (runbook, Emergency
 * Database Restore).
 */
export const emergencyRequest = z.strictObject({
  service: serviceName.describe('Name of a service definition'),
  from: z
    .union([z.string().trim().min(1).max(300), dumpFile])
    .optional()
    .describe(
      'snapshot, backup, the name of one of them, or {"file": …}; otherwise the newest snapshot, then the newest proven backup',
    ),
  reason,
  requestedBy,
  requestedVia,
  trigger,
});
export type EmergencyRequest = z.infer<typeof emergencyRequest>;
export type RestoreFrom = EmergencyRequest['from'];

/** What is asked for, in words. */
export function describeRestoreFrom(from: RestoreFrom): string {
  if (from === undefined) return 'the newest snapshot, or the newest proven backup';
  return typeof from === 'string' ? from : `file ${from.file}`;
}
