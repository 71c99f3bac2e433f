import { restoreArguments, type RestoreResult } from '../../dumps/manifest.ts';
import { withClient, type Client } from '../../postgres/connect.ts';
import { carryOver } from '../../postgres/properties.ts';
import type { Backup, DeedInput } from '../../domain/deeds.ts';
import { Failure } from '../../domain/failures.ts';
import { besideName } from '../../domain/names.ts';
import { adminUrl, jobSecret } from '../connections.ts';
import type { Attempt, Means } from '../means.ts';
import { ownProgram } from '../own-program.ts';
import { assertAsBefore } from '../restored.ts';
import { emptyBeside } from './empty-beside.ts';
import type { Restoring, Source } from './from-point.ts';

type FromBackup = DeedInput<'restore'> & { backup: Backup };

const job = { step: 'restore', program: 'restore' } as const;

/**
 * A new database beside the one that is aside, filled from the backup by a Job, and compared with the backup and
 * with what was there when writes stopped.
 *
 * @throws Failure RestoreFailed, BackupNotProved, JobNotStarted, DatabaseRightMissing
 */
export async function fromBackup(
  { means, input, attempt, record }: Restoring,
  whyNoPoint: string,
): Promise<Source> {
  const { operation, service, database } = input.plan;
  const words = `Not from the restore point: ${whyNoPoint}`;
  const backup = input.backup ?? record.backup;
  if (backup === undefined)
    throw new Failure('RestoreFailed', `${words}. And there is no backup to restore from.`);
  const restored = besideName(database.name, 'restored', operation);
  const wanted = { ...input, backup };
  const asAdmin = async <T>(use: (admin: Client) => Promise<T>) =>
    withClient(await adminUrl(means, service), { operation }, use);
  const extensions = backup.installed ?? backup.extensions.map((name) => ({ name }));
  await asAdmin((admin) => emptyBeside(means, wanted, attempt, { admin, job, name: restored, extensions }));
  await fill(means, wanted, attempt, restored);
  attempt.progress({ doing: 'compares the restored database with what was there when writes stopped' });
  await assertAsBefore(means, wanted, restored);
  const notes = await asAdmin((admin) => carryOver(admin, database.aside, restored));
  return {
    from: 'backup',
    database: restored,
    notes: [...(input.point.made ? [`${words}.`] : []), ...notes],
  };
}

/** Fills it by a Job, which also compares it with the schema in the backup's manifest. */
async function fill(means: Means, input: FromBackup, attempt: Attempt, restored: string): Promise<void> {
  const { operation, service } = input.plan;
  const secret = await jobSecret(means, { operation, service, part: 'restore', database: restored });
  const wish = { ...job, arguments: restoreArguments(service, operation, input.backup), secret };
  const { differences } = await ownProgram<RestoreResult>(means, input, attempt, wish, 'RestoreFailed');
  if (differences.length === 0) return;
  throw new Failure(
    'RestoreFailed',
    `The restored database has another schema than the one backed up: ${differences.slice(0, 20).join('; ')}.`,
  );
}
