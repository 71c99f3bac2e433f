import { describe, expect, it } from 'vitest';
import { earlierToRestore } from '../../src/probes/earlier.ts';
import { SqlDump } from '../../src/dumps/sql-dump.ts';
import { losesIn, lostIn, describeTable } from '../../src/domain/data-diff.ts';
import { emergencyRequest } from '../../src/domain/plan/emergency-request.ts';
import { shortHash } from '../../src/domain/plan/hash.ts';
import type { OperationRecord } from '../../src/domain/record.ts';
import { shownAtEmergency } from '../../src/views/gate-emergency.ts';
import { diffData } from '../../src/activities/data-diff/step.ts';
import { restoreNewDatabase } from '../../src/activities/restore-new-database/step.ts';
import { stopWrites } from '../../src/activities/stop-writes/step.ts';
import { instanceFindings } from '../example-instance.ts';
import { emergencyPlan, findings } from '../example-plan.ts';
import { plain } from '../../src/views/blocks.ts';
import { dataDiffBlocks, instanceDiffBlocks } from '../../src/views/losses.ts';
import { plainLines } from '../../src/views/render/terminal.ts';
import { named } from '../../src/domain/text.ts';
import { approvedAtEmergency } from '../../src/activities/put-in-place/step.ts';

const record = {
  operation: 'bs-11111111',
  kind: 'rollback',
  workflowId: 'backstep-radar',
  startedAt: '2025-11-18T02:00:00Z',
} as Partial<OperationRecord> as OperationRecord;
const finished = [
  {
    operation: 'bs-22222222' as const,
    from: '0005',
    target: '0004',
    outcome: 'restored',
    endedAt: 'then',
    artifacts: [],
  },
];

const there = { open: false, finished: [], revisions: ['0004'] };

describe('what operations before it mean for an emergency restore', () => {
  it('takes up whatever stands still, a rollback that was given up included', () => {
    expect(earlierToRestore('bs-22222222', { ...there, record })).toEqual({
      facts: { record },
      faults: [],
      notes: [],
    });
  });
  it('law 6: refuses where another one is open', () => {
    const { facts, faults } = earlierToRestore('bs-22222222', { ...there, record, open: true });
    expect(facts).toBeUndefined();
    expect(faults).toMatchObject([{ type: 'AlreadyRunning' }]);
  });
  it('refuses where a point-in-time restore is unfinished: the Secrets may lead elsewhere', () => {
    const other = { ...record, kind: 'point-in-time-restore' as const };
    expect(earlierToRestore('bs-22222222', { ...there, record: other }).faults).toMatchObject([
      { type: 'UnfinishedOperation' },
    ]);
  });
  it('law 8: a Reset of one that has ended restores nothing again', () => {
    expect(earlierToRestore('bs-22222222', { ...there, finished })).toMatchObject({
      nothing: { revision: '0004' },
    });
    expect(earlierToRestore('bs-33333333', { ...there, finished })).toEqual({
      facts: {},
      faults: [],
      notes: [],
    });
  });
});

describe('what is lost by restoring a table', () => {
  it('counts rows that are only there now, and those that differ', () => {
    const table = { table: 'papers', now: 12, restored: 11, onlyNow: 2, onlyRestored: 1, changed: 3 };
    expect(lostIn(table)).toBe(5);
    expect(losesIn(table)).toBe(true);
    expect(losesIn({ ...table, onlyNow: 0, changed: 0 })).toBe(false);
  });
  it('takes what was not compared for lost: nobody can say that it is not', () => {
    const table = { table: 'papers', now: 10, restored: 10, notCompared: 'more than 20,000,000' };
    expect(lostIn(table)).toBe(0);
    expect(losesIn(table)).toBe(true);
    expect(describeTable(table)).toBe(
      'LOST: papers: 10 rows now, 10 restored, rows not compared (more than 20,000,000)',
    );
  });
});

describe('a table that cannot be read', () => {
  const papers = { table: 'papers', restored: 90, unreadable: 'invalid page in block 3 (XX001)' };

  it('is a loss, of which nobody can say how many rows', () => {
    expect(lostIn(papers)).toBe(0);
    expect(losesIn(papers)).toBe(true);
    expect(describeTable(papers)).toBe(
      'LOST: papers: cannot be read now: invalid page in block 3 (XX001); 90 rows restored',
    );
    expect(describeTable({ table: 'scores', unreadable: 'invalid page' })).toContain(
      'not in what was restored',
    );
  });

  it('is named once, whether counting or comparing met the damage', () => {
    const stopped = { ...findings['stop-writes'], unreadable: ['papers', 'alembic_version'] };
    const dataDiff = { ...findings['data-diff'], tables: [papers], unreadable: ['papers', 'letters'] };
    const found = {
      stopped,
      dataDiff,
      snapshot: findings['snapshot'],
      restored: findings['restore-new-database'],
    };
    expect(
      shownAtEmergency(emergencyPlan(), found).shows.filter((line) => line.startsWith('CANNOT BE READ')),
    ).toEqual(['CANNOT BE READ, so nobody can tell what is lost of it: papers, alembic_version, letters']);
    expect(named(Array.from({ length: 42 }, (_, n) => `t${n}`))).toMatch(/^t0, .*t39 and 2 more$/);
    expect(diffData.summary(dataDiff).summary).toContain('; 2 tables CANNOT BE READ');
    expect(stopWrites.summary(stopped).notes).toContain('CANNOT BE READ: papers, alembic_version');
  });
});

describe('what the service’s own checks find wrong in what was restored', () => {
  const wrong = ['own check “papers are many” found (false)'];
  const beside = { ...findings['restore-new-database'], wrong };
  const found = {
    stopped: findings['stop-writes'],
    snapshot: findings['snapshot'],
    dataDiff: findings['data-diff'],
  };

  it('is shown at gate restore, and is part of what people approve', () => {
    expect(shownAtEmergency(emergencyPlan(), { ...found, restored: beside }).shows).toContain(
      `WRONG in what was restored: ${wrong[0]}`,
    );
    const approved = (restored: typeof beside | (typeof findings)['restore-new-database']) =>
      shortHash(approvedAtEmergency(emergencyPlan(), restored, findings['data-diff']));
    expect(approved(beside)).not.toBe(approved(findings['restore-new-database']));
  });

  it('stands in the report', () => {
    expect(restoreNewDatabase.summary(beside).summary).toContain('1 check passed; own checks: 1 FAILED');
    expect(restoreNewDatabase.summary(beside).notes).toContain(`WRONG: ${wrong[0]}`);
  });
});

describe('a request', () => {
  it.each(['../x', 'a/../../x', '/etc/passwd', 'a\nb', ''])('with the path %j is refused', (file) => {
    expect(emergencyRequest.safeParse({ service: 'radar', from: { file } }).success).toBe(false);
  });
  it.each(['dumps/backup_20251118.sql.gz', 'a..b.sql', 'bs-1a2b3c4d-1.dump'])('with %j is taken', (file) => {
    expect(emergencyRequest.safeParse({ service: 'radar', from: { file } }).success).toBe(true);
  });
});

const of = (text: string, step: number) => {
  const dump = new SqlDump({ versionTable: 'public.alembic_version' });
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += step) dump.push(bytes.subarray(at, at + step));
  return dump;
};

describe('a dump in SQL', () => {
  const head = '--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version 18.4\n';
  const table = `--\n-- Data for Name: t; Type: TABLE DATA; Schema: public; Owner: app\n--\n\nCOPY public.t (a) FROM stdin;\n1\n\\\\.\n\n--\n\\.\n`;
  const tail = '--\n-- PostgreSQL database dump complete\n--\n';

  it.each([1, 2, 3, 7, 1_000])(
    'reads the same in pieces of %i bytes: data that looks like marks is data',
    (step) => {
      const dump = of(head + table + tail, step);
      expect(dump.broken).toBeUndefined();
      expect(dump.counts).toEqual({ t: 4 });
      expect([...dump.roles]).toEqual(['app']);
    },
  );
  it('is broken wherever it is cut', () => {
    const whole = head + table + tail;
    for (let at = 0; at < whole.length - '\n--\n'.length; at += 1)
      expect(of(whole.slice(0, at), 11).broken, `cut at ${at}`).toBeDefined();
  });
  it('keeps the rows of the version table as PostgreSQL has them, whatever their columns are', () => {
    const rows = String.raw`COPY public.alembic_version (version_num, "Applied ""by""", at) FROM stdin;
0005	a\tab\there	\N
0004		2026-01-01 00:00:00
\.
`;
    expect(of(head + table + rows + tail, 5).versionRows).toEqual([
      { version_num: '0005', 'Applied "by"': 'a\tab\there', at: null },
      { version_num: '0004', 'Applied "by"': '', at: '2026-01-01 00:00:00' },
    ]);
  });
});

describe('a data diff is a table', () => {
  const papers = { table: 'papers', now: 2_000, restored: 1_990, onlyNow: 10, changed: 2 };

  it('of numbers, with what is lost marked and what could not be counted said', () => {
    const tables = [
      papers,
      { table: 'mood', now: 5, restored: 5, columns: [{ column: 'mood', values: 5 }] },
      { table: 'gone', now: 3 },
      { table: 'late', restored: 4 },
      { table: 'scores', restored: 4, unreadable: 'invalid page' },
      { table: 'big', now: 7, restored: 7, notCompared: 'more than 20,000,000' },
    ];
    const [, table] = dataDiffBlocks({ ...findings['data-diff'], tables });
    expect(table).toMatchObject({ kind: 'table' });
    const rows = table?.kind === 'table' ? table.rows : [];
    expect(rows[0]?.slice(2, 6)).toEqual([
      { number: 2_000 },
      { number: 1_990 },
      { number: 10 },
      { number: 2 },
    ]);
    expect(rows.map(([name, lost, ...cells]) => [plain(name!), plain(lost!), plain(cells.at(-1)!)])).toEqual([
      ['papers', 'lost', ''],
      ['mood', 'lost', 'column mood with 5 values is not in it'],
      ['gone', 'lost', 'the table is not in what was restored'],
      ['late', '', 'the table is not there now'],
      ['scores', 'lost', 'cannot be read now: invalid page'],
      ['big', 'lost', 'rows not compared: more than 20,000,000'],
    ]);
  });

  it('of a point-in-time restore too', () => {
    const shown = plainLines(
      instanceDiffBlocks({
        ...instanceFindings['compare-instance'],
        tables: [
          { table: 'papers', now: 12, restored: 10, since: 4 },
          { table: 'scores', now: 1 },
          { table: 'notes', now: 9, restored: 9 },
        ],
      }),
    );
    expect(shown).toEqual(
      [
        '1 table without a difference.',
        'Table         Now  Then  Written since  Beside that',
        'papers  lost   12    10              4  ',
        'scores  lost    1     –              –  there was no such table then',
        'notes           9     9              –  rows not compared one by one',
      ].map((each) => each.trimEnd()),
    );
  });
});
