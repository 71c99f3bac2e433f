import { restoreArguments } from '../../dumps/manifest.ts';
import { carryOver } from '../../postgres/properties.ts';
import type { Backup } from '../../domain/backup.ts';
import { Failure } from '../../domain/failures.ts';
import { besideName } from '../../domain/names.ts';
import type { ActivityContext } from '../context.ts';
import { assertAsBefore } from '../restored.ts';
import { emptyBeside } from './empty-beside.ts';
import type { NoPoint, Source } from './from-point.ts';

const step = 'restore';

/**
 * A new database beside the one that is fenced off, filled from the backup by a Job, and compared with the backup and
 * with what was there when writes stopped.
 *
 * @throws Failure RestoreFailed, BackupNotProved, JobNotStarted, DatabaseRightMissing
 */
export async function fromBackup(
  context: ActivityContext,
  backup: Backup | undefined,
  { whyNot, made }: NoPoint,
): Promise<Source> {
  const { operation } = context;
  const { database } = context.plan;
  const words = `Not from the snapshot: ${whyNot}`;
  if (backup === undefined)
    throw new Failure('RestoreFailed', `${words}. And there is no backup to restore from.`);
  const restored = besideName(database.name, 'restored', operation);
  const extensions = backup.installed ?? backup.extensions.map((name) => ({ name }));
  await emptyBeside(context, { step, name: restored, extensions });
  await fill(context, backup, restored);
  context.progress({ doing: 'compares the restored database with what was there when writes stopped' });
  await assertAsBefore(context, backup, restored);
  const notes = await context.admin((admin) => carryOver(admin, database.fencedName, restored));
  return {
    from: 'backup',
    database: restored,
    notes: [...(made ? [`${words}.`] : []), ...notes],
  };
}

/** Fills it by a Job, which also compares it with the schema in the backup's manifest. */
async function fill(context: ActivityContext, backup: Backup, restored: string): Promise<void> {
  const { service, operation } = context;
  const { differences } = await context.runJob('restore', restoreArguments(service, operation, backup), {
    step,
    secret: { part: 'restore', database: restored },
    orElse: 'RestoreFailed',
  });
  if (differences.length === 0) return;
  throw new Failure(
    'RestoreFailed',
    `The restored database has another schema than the one backed up: ${differences.slice(0, 20).join('; ')}.`,
  );
}
