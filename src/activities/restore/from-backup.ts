import { restoreArguments, type RestoreResult } from '../../dumps/manifest.ts';
import { withClient, type Client } from '../../postgres/connect.ts';
import { carryOver } from '../../postgres/properties.ts';
import type { Backup, ActivityInput } from '../../domain/deeds.ts';
import { Failure } from '../../domain/failures.ts';
import { besideName } from '../../domain/names.ts';
import { adminUrl, jobSecret } from '../connections.ts';
import type { Attempt, Dependencies } from '../dependencies.ts';
import { ownProgram } from '../own-program.ts';
import { assertAsBefore } from '../restored.ts';
import { emptyBeside } from './empty-beside.ts';
import type { Restoring, Source } from './from-point.ts';

type FromBackup = ActivityInput<'restore'> & { backup: Backup };

const job = { step: 'restore', program: 'restore' } as const;

/**
 * A new database beside the one that is fenced off, filled from the backup by a Job, and compared with the backup and
 * with what was there when writes stopped.
 *
 * @throws Failure RestoreFailed, BackupNotProved, JobNotStarted, DatabaseRightMissing
 */
export async function fromBackup(
  { dependencies, input, attempt, record }: Restoring,
  whyNoPoint: string,
): Promise<Source> {
  const { operation, service, database } = input.plan;
  const words = `Not from the snapshot: ${whyNoPoint}`;
  const backup = input.backup ?? record.backup;
  if (backup === undefined)
    throw new Failure('RestoreFailed', `${words}. And there is no backup to restore from.`);
  const restored = besideName(database.name, 'restored', operation);
  const wanted = { ...input, backup };
  const asAdmin = async <T>(use: (admin: Client) => Promise<T>) =>
    withClient(await adminUrl(dependencies, service), { operation }, use);
  const extensions = backup.installed ?? backup.extensions.map((name) => ({ name }));
  await asAdmin((admin) =>
    emptyBeside(dependencies, wanted, attempt, { admin, job, name: restored, extensions }),
  );
  await fill(dependencies, wanted, attempt, restored);
  attempt.progress({ doing: 'compares the restored database with what was there when writes stopped' });
  await assertAsBefore(dependencies, wanted, restored);
  const notes = await asAdmin((admin) => carryOver(admin, database.fencedName, restored));
  return {
    from: 'backup',
    database: restored,
    notes: [...(input.snapshot.made ? [`${words}.`] : []), ...notes],
  };
}

/** Fills it by a Job, which also compares it with the schema in the backup's manifest. */
async function fill(
  dependencies: Dependencies,
  input: FromBackup,
  attempt: Attempt,
  restored: string,
): Promise<void> {
  const { operation, service } = input.plan;
  const secret = await jobSecret(dependencies, { operation, service, part: 'restore', database: restored });
  const wish = { ...job, arguments: restoreArguments(service, operation, input.backup), secret };
  const { differences } = await ownProgram<RestoreResult>(
    dependencies,
    input,
    attempt,
    wish,
    'RestoreFailed',
  );
  if (differences.length === 0) return;
  throw new Failure(
    'RestoreFailed',
    `The restored database has another schema than the one backed up: ${differences.slice(0, 20).join('; ')}.`,
  );
}
