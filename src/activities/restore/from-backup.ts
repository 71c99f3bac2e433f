import { carryOver } from '../../postgres/properties.ts';
import type { Backup } from '../../domain/backup.ts';
import { Failure } from '../../domain/failures.ts';
import { siblingName } from '../../domain/names.ts';
import type { ActivityContext } from '../context.ts';
import { assertAsBefore } from '../restored.ts';
import { fillFromBackup, makeNewDatabase } from '../new-database.ts';
import type { NoSnapshot, Source } from './from-snapshot.ts';

const step = 'restore';

/**
 * A new database beside the fenced one, filled from the backup by a Job, and compared with the backup and
 * with what was there when writes stopped.
 *
 * @throws Failure RestoreFailed, BackupNotProved, JobNotStarted, DatabaseRightMissing
 */
export async function fromBackup(
  context: ActivityContext,
  backup: Backup | undefined,
  { whyNot, made }: NoSnapshot,
): Promise<Source> {
  const { operation } = context;
  const { database } = context.plan;
  const text = `Not from the snapshot: ${whyNot}`;
  if (backup === undefined)
    throw new Failure('RestoreFailed', `${text}. And there is no backup to restore from.`);
  const name = siblingName(database.name, 'restored', operation);
  const extensions = backup.installed;
  await makeNewDatabase(context, { step, name, extensions });
  await fillFromBackup(context, { step, name, backup });
  context.progress({ doing: 'compares the restored database with what was there when writes stopped' });
  await assertAsBefore(context, backup, name);
  const notes = await context.admin((admin) => carryOver(admin, database.fencedName, name));
  return {
    from: 'backup',
    database: name,
    notes: [...(made ? [`${text}.`] : []), ...notes],
  };
}
