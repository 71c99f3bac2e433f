import { describe, expect, test } from 'vitest';
import { reportMarkdown } from '../../src/views/report/documents.ts';
import { reportOf } from '../../src/views/report/report.ts';
import { shownAtDowngrade, shownAtStart } from '../../src/views/gate-rollback.ts';
import { plannedWaysBack, waysBackIn } from '../../src/views/ways-back.ts';
import { done, journalOf, straight, subject } from '../example-journal.ts';
import { examplePlan, findings, observations, waysBack } from '../example-plan.ts';

const stopped = [...done('assess'), ...done('stop-writes'), ...done('snapshot')];
const backup = { claim: 'backups' };

describe('law 1: which way back existed at each moment', () => {
  test('is told with the plan, before anything is touched', () => {
    expect(plannedWaysBack(examplePlan())).toEqual([
      expect.stringContaining('a snapshot') as string,
      'Way back 2: a backup, proved before the downgrade',
    ]);
    const later = examplePlan({}, { backup: { ...backup, proveBefore: 'resume' } });
    expect(plannedWaysBack(later)[1]).toContain('proved before writes resume');
    const alone = examplePlan({}, { snapshot: { use: 'never' } });
    expect(plannedWaysBack(alone)).toEqual([expect.stringContaining('no snapshot') as string]);
    expect(shownAtStart(later, observations).shows).toEqual(expect.arrayContaining(plannedWaysBack(later)));
  });

  test('snapshot and backup stand from their own ends, and grow old when writes resume', () => {
    const journal = journalOf(...straight);
    const resumed = journal.find((entry) => entry.kind === 'step-ended' && entry.step === 'start-app')?.at;
    const ways = waysBackIn(journal);
    expect(ways.map(({ what }) => what)).toEqual([
      'snapshot radar__snapshot_0a1b2c3d',
      'backup radar/bs-0a1b2c3d-1.dump, proved by read',
    ]);
    expect(ways.map(({ from }) => from)).toEqual(
      journal.flatMap((entry) =>
        entry.kind === 'step-ended' && (entry.step === 'snapshot' || entry.step === 'back-up')
          ? [entry.at]
          : [],
      ),
    );
    for (const way of ways) expect(way.olderThanWritesFrom).toBe(resumed);
  });

  test('a snapshot is used up by restoring from it; the failed database stays', () => {
    const restored = { ...findings.restore, from: 'snapshot' as const };
    const [snapshot, kept] = waysBackIn(journalOf(...stopped, ...done('restore', restored)));
    expect(snapshot?.until).toBe(kept?.from);
    expect(kept?.what).toContain(findings.restore.failedDatabase);
    const fromBackup = { ...findings.restore, from: 'backup' as const };
    const [still] = waysBackIn(journalOf(...stopped, ...done('restore', fromBackup)));
    expect(still).not.toHaveProperty('until');
  });

  test('what a snapshot could not carry over stands in the report, with the command', () => {
    const note = 'Settings of role radar were not carried over: ALTER ROLE radar IN DATABASE …';
    const snapshot = { ...findings['snapshot'], notes: [note] };
    const journal = journalOf(...done('stop-writes'), ...done('snapshot', snapshot));
    expect(reportMarkdown(reportOf(journal, subject()))).toContain(note);
  });

  test('where no snapshot could be made, that is said, and it is no way back', () => {
    const none = { made: false, why: 'half the free space is not enough' } as const;
    const journal = journalOf(...done('stop-writes'), ...done('snapshot', none));
    expect(waysBackIn(journal)).toEqual([]);
    expect(shownAtDowngrade(examplePlan(), { ...waysBack, snapshot: none }).shows).toContainEqual(
      expect.stringMatching(/NOT MADE, the backup alone.*half the free space/),
    );
  });
});

describe('the report on what happens to data', () => {
  test('tells ways back, rehearsal, losses, and how to put back what was salvaged', () => {
    const text = reportMarkdown(reportOf(journalOf(...straight), subject()));
    for (const words of [
      'snapshot radar__snapshot_0a1b2c3d',
      'The downgrade worked on a copy',
      '| `papers.score` | saved | Column dropped | 100 | 60 |',
      '`papers` AccessExclusiveLock',
      '- `scores`, 7 rows',
      'All saved',
      'gunzip -c bs-0a1b2c3d-salvage-1.sql.gz | psql',
      'INSERT INTO scores',
      'Put back what was salvaged, once a corrected migration is applied',
    ])
      expect(text).toContain(words);
  });

  test('says first what is lost for good', () => {
    const lost = {
      salvaged: [],
      lost: findings.rehearse.rehearsed ? findings.rehearse.losses : [],
      notes: [],
    };
    const { shows: shown } = shownAtDowngrade(examplePlan(), { ...waysBack, salvage: lost });
    expect(shown.findIndex((line) => line.startsWith('Will be lost'))).toBeLessThan(
      shown.findIndex((line) => line.startsWith('Writes')),
    );
    const text = reportMarkdown(reportOf(journalOf(...stopped, ...done('salvage', lost)), subject()));
    expect(text).toContain('Will be lost: table scores (7 rows). It remains only in the backup.');
  });

  test('tells how long a restore took, and how long writes were stopped', () => {
    const restored = { ...findings.restore, from: 'snapshot' as const, seconds: 0.3 };
    const text = reportMarkdown(
      reportOf(journalOf(...stopped, ...done('restore', restored), ...done('put-back')), subject()),
    );
    expect(text).toContain('Restored from the snapshot in 0.3 s');
    expect(text).toMatch(/Writes stopped: [\d.]+ s/);
  });
});
