import { provedBy, whereIs } from '../../domain/backup.ts';
import type { Backup } from '../../domain/backup.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import { hours, step } from '../../domain/step.ts';
import type { Tried } from '../../domain/step.ts';
import { bytes, rowsByTable, seconds } from '../../domain/text.ts';

export interface BackUpInput extends Tried {
  snapshot?: Snapshot;
  /** True: dumps the snapshot where that stands; otherwise the database that is fenced off. */
  fromSnapshot?: boolean;
}

export const backUp = step<BackUpInput, Backup>()({
  name: 'back-up',
  title: 'Back the database up, and prove the backup',
  section: 'Step 2: Create Database Backup',
  onFailure: 'hold',
  decisions: ['retry', 'abort'],
  limits: { within: hours(12) },
  summary: (found) => ({
    summary: `${bytes(found.bytes)} in ${seconds(found.seconds)}, ${provedBy(found)}: ${rowsByTable(found.counts)}; SHA-256 ${found.sha256.slice(0, 12)}…`,
    notes: [whereIs(found), ...(found.drill ?? [])],
  }),
});
