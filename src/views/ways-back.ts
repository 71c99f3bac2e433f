import type { Journal } from '../domain/journal/journal.ts';
import type { Plan } from '../domain/plan/plan.ts';
import { entriesOf, foundIn } from '../domain/journal/journal.ts';
import { backUp } from '../activities/back-up/step.ts';
import { putInPlace } from '../activities/put-in-place/step.ts';
import { restore } from '../activities/restore/step.ts';
import { takeSnapshot } from '../activities/snapshot/step.ts';
import { startApp } from '../activities/start-app/step.ts';
import { switchDatabase } from '../activities/switch-database/step.ts';

/** A way back, and when it stood. Times are ISO 8601. */
export interface WayBack {
  kind: 'snapshot' | 'backup' | 'old-instance' | 'replaced-database';
  /** What it is, for people. */
  what: string;
  from: string;
  /** When it stopped being one; absent while it still is. */
  until?: string;
  /** What it does not carry, in words with the command for a person. */
  notes?: string[];
  /** From then on rows were written that it does not hold. */
  olderThanWritesFrom?: string;
}

/** Which ways back a rollback will have, and when: said with the plan, before anything is touched (law 1). */
export function plannedWaysBack({ service }: Plan): string[] {
  const { snapshot, backup } = service;
  const later = { downgrade: 'before the downgrade', resume: 'before writes resume', end: 'before the end' };
  if (snapshot.use === 'never')
    return [`Way back: a backup, proved ${later.downgrade} (no snapshot, as the definition has it)`];
  return [
    'Way back 1: a snapshot on the database server, made once writes have stopped',
    `Way back 2: a backup, proved ${later[backup.proveBefore]}${backup.proveBefore === 'downgrade' ? '' : ' (before the downgrade where no snapshot can be made)'}`,
  ];
}

const noted = ({ notes }: { notes?: string[] }): { notes?: string[] } =>
  notes === undefined || notes.length === 0 ? {} : { notes };

/** Which way back existed when, as the journal proves it. */
export function waysBackIn(journal: Journal): WayBack[] {
  const resumed = entriesOf(journal, 'step-ended').find(({ step }) => step === startApp.name)?.at;
  const ways: WayBack[] = [];
  for (const entry of journal) {
    const { at: from } = entry;
    const snapshot = foundIn(entry, takeSnapshot);
    if (snapshot?.made)
      ways.push({ kind: 'snapshot', what: `snapshot ${snapshot.database}`, from, ...noted(snapshot) });
    const backup = foundIn(entry, backUp);
    if (backup) ways.push({ kind: 'backup', what: `backup ${backup.file}, proved by ${backup.proof}`, from });
    const switched = foundIn(entry, switchDatabase);
    if (switched)
      ways.push({
        kind: 'old-instance',
        what: `the old instance, by the URLs in Secret ${switched.savedSecret}`,
        from,
      });
    const inPlace = foundIn(entry, putInPlace);
    if (inPlace)
      ways.push({
        kind: 'replaced-database',
        what: `database ${inPlace.failedDatabase}, as it was before it was restored`,
        from,
      });
    const restored = foundIn(entry, restore);
    if (restored) {
      const used = ways.find(({ kind, until }) => kind === 'snapshot' && until === undefined);
      if (used && restored.from === 'snapshot') used.until = from;
      ways.push({
        kind: 'replaced-database',
        what: `database ${restored.failedDatabase}, as it was before it was restored`,
        from,
        ...noted(restored),
      });
    }
  }
  return ways.map((way) =>
    resumed !== undefined && resumed > way.from && way.until === undefined
      ? { ...way, olderThanWritesFrom: resumed }
      : way,
  );
}
