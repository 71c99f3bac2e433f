import type { Journal } from '../domain/journal/journal.ts';
import type { Plan } from '../domain/plan/plan.ts';
import { entriesOf } from '../domain/journal/progress.ts';

/** A way back, and when it stood. Times are ISO 8601. */
export interface WayBack {
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
  // A plan that was made before there were snapshots.
  if (snapshot === undefined) return ['Way back: a backup, proved before the downgrade'];
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

/** Which way back existed at each moment, as the journal proves it. */
export function waysBackIn(journal: Journal): WayBack[] {
  const ended = entriesOf(journal, 'step-ended');
  const resumed = ended.find(({ step }) => step === 'start-app')?.at;
  const ways: WayBack[] = [];
  for (const entry of ended) {
    if (entry.step === 'snapshot' && entry.found?.made)
      ways.push({ what: `snapshot ${entry.found.database}`, from: entry.at, ...noted(entry.found) });
    if (entry.step === 'back-up' && entry.found)
      ways.push({ what: `backup ${entry.found.file}, proved by ${entry.found.proof}`, from: entry.at });
    if (entry.step === 'switch-database' && entry.found)
      ways.push({ what: `the old instance, by the URLs in Secret ${entry.found.kept}`, from: entry.at });
    if (entry.step === 'put-in-place' && entry.found)
      ways.push({ what: `database ${entry.found.kept}, as it was before it was restored`, from: entry.at });
    if (entry.step === 'restore' && entry.found) {
      const used = ways.find(({ what, until }) => what.startsWith('snapshot') && until === undefined);
      if (used && entry.found.from === 'snapshot') used.until = entry.at;
      ways.push({
        what: `database ${entry.found.kept}, as it was before it was restored`,
        from: entry.at,
        ...noted(entry.found),
      });
    }
  }
  return ways.map((way) =>
    resumed !== undefined && resumed > way.from && way.until === undefined
      ? { ...way, olderThanWritesFrom: resumed }
      : way,
  );
}
