import type { Backup } from '../../domain/backup.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import { hours, step } from '../../domain/step.ts';
import type { Tried } from '../../domain/step.ts';
import { rowsByTable, seconds } from '../../domain/text.ts';

export interface RestoreInput extends Tried {
  snapshot: Snapshot;
  backup?: Backup;
}

export interface Restored {
  /** The failed database, kept. */
  failedDatabase: string;
  counts: Record<string, number>;
  revision: string;
  seconds: number;
  from: 'snapshot' | 'backup';
  /** Settings of the database that a person must carry over, with the command. */
  notes: string[];
}

/** From the snapshot where it stands, otherwise from the backup. */
export const restore = step<RestoreInput, Restored>()({
  name: 'restore',
  title: 'Restore the database from the backup',
  section: 'Emergency Database Restore',
  onFailure: 'hold',
  decisions: ['retry', 'abort'],
  limits: { within: hours(12) },
  restores: true,
  undoes: true,
  summary: (found) => ({
    summary: `Restored at ${found.revision} from the ${found.from.replace('-', ' ')} in ${seconds(found.seconds)}: ${rowsByTable(found.counts)}`,
    notes: [`The failed database is kept as ${found.failedDatabase}`, ...found.notes],
  }),
  countsAtEnd: ({ counts }) => counts,
});
