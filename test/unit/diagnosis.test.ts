import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { assessmentBlocks } from '../../src/views/plan.ts';
import { plainLines } from '../../src/views/render/terminal.ts';
import { decide, type Advice, type Sign } from '../../src/domain/diagnosis.ts';
import { describeDiagnosis } from '../../src/views/diagnosis.ts';
import { signsOfLines } from '../../src/domain/log-signs.ts';
import { comparePlans, type QueryPlan } from '../../src/domain/query-plans.ts';
import { symptomNames, symptoms, symptomTable, type SymptomName } from '../../src/domain/symptoms.ts';
import { reportMarkdown } from '../../src/views/report/documents.ts';
import { reportOf } from '../../src/views/report/report.ts';
import { shownAtStart } from '../../src/views/gate-rollback.ts';
import { done, journalOf, subject } from '../example-journal.ts';
import { examplePlan, exampleTool, observations } from '../example-plan.ts';

const sign = (symptom: SymptomName): Sign => ({ symptom, evidence: `seen: ${symptom}` });
const advice = (seen: SymptomName[], salvaged = true) => decide(seen.map(sign), { salvaged }).advice;

describe('When to Rollback: the decision', () => {
  test.each<[string, SymptomName[], Advice]>([
    ['Application completely broken', ['app-broken'], 'rollback'],
    ['Critical data integrity issues', ['constraint-violated'], 'rollback'],
    ['Foreign key violations', ['orphans'], 'rollback'],
    ['Null values where they should not be', ['nulls'], 'rollback'],
    ['Duplicate data', ['duplicates'], 'rollback'],
    [
      'what can be mended forward does not outweigh what is broken',
      ['app-broken', 'index-missing', 'plan-worse'],
      'rollback',
    ],
    ['error lines explain what is broken', ['app-broken', 'errors-of-schema'], 'rollback'],
    ['Only minor performance issues (optimize instead)', ['plan-worse'], 'fix-forward'],
    ['If minor, create forward migration with indexes', ['index-missing', 'table-scan'], 'fix-forward'],
    ['Issue can be fixed with forward migration', ['index-invalid'], 'fix-forward'],
    ['an index build that blocks is ended, not rolled back', ['blocking'], 'fix-forward'],
    ['a constraint that holds is validated forward', ['constraint-unvalidated'], 'fix-forward'],
    ['Data has been written that depends on new schema', ['written-since'], 'fix-forward'],
    [
      'the migration never arrived: a downgrade would revert a good one',
      ['release-ahead', 'app-broken', 'migration-failed'],
      'fix-forward',
    ],
    ['Manually inspect database state', ['half-applied', 'release-ahead', 'app-broken'], 'unsure'],
    ['a downgrade that is known to fail is not advised', ['app-broken', 'rehearsal-failed'], 'unsure'],
    ['Rollback tested successfully in staging: no reason by itself', ['rehearsed'], 'unsure'],
    ['Application crashes after migration, but not all of it', ['app-crashes'], 'unsure'],
    ['performance that may be critical is for a person', ['plan-far-worse', 'table-scan'], 'unsure'],
    [
      'errors in the logs are for a person, though an index is missing',
      ['errors-of-integrity', 'index-missing'],
      'unsure',
    ],
    [
      'what decides nothing decides nothing',
      ['index-unused', 'scans-many', 'nothing-made', 'changed-since', 'index-building'],
      'unsure',
    ],
  ])('%s', (_line, seen, expected) => {
    expect(advice(seen)).toBe(expected);
    expect(advice(seen.toReversed())).toBe(expected);
  });

  test('no symptom: unsure, and the words say that nothing speaks for a rollback', () => {
    const none = decide([], { salvaged: true });
    expect(none.advice).toBe('unsure');
    expect(none.because).toMatch(/no symptom .* was seen: whoever asked knows more/);
  });

  test('data written since speaks against a rollback only where it would be lost', () => {
    const seen: SymptomName[] = ['app-broken', 'written-since'];
    expect(advice(seen)).toBe('rollback');
    expect(decide(seen.map(sign), { salvaged: true }).because).toMatch(/kept before the downgrade/);
    expect(advice(seen, false)).toBe('unsure');
    expect(decide(seen.map(sign), { salvaged: false }).because).toMatch(/salvage is off/);
  });

  test('every symptom is judged alone as the table says', () => {
    for (const name of symptomNames) {
      const { speaks } = symptoms[name];
      expect([name, advice([name])]).toEqual([name, speaks === 'none' ? 'unsure' : speaks]);
    }
  });

  test('what decided comes first, what decides nothing last', () => {
    const seen = ['index-unused', 'plan-worse', 'errors-of-schema', 'app-broken'] as const;
    expect(decide(seen.map(sign), { salvaged: true }).signs.map(({ symptom }) => symptom)).toEqual([
      'app-broken',
      'plan-worse',
      'errors-of-schema',
      'index-unused',
    ]);
  });
});

test('people read the advice, each reason with evidence and the line of the runbook, and what is not known', () => {
  const lines = describeDiagnosis({
    ...decide([sign('written-since'), sign('app-broken')], { salvaged: true }),
    estimated: {
      losses: [{ kind: 'column', object: 'papers.score', rows: 100, values: 60, writtenSince: 3 }],
      unknown: ['changed by it as well: opportunities.priority'],
    },
    notSeen: ['orphans of links.paper_id: lock timeout'],
  });
  expect(lines).toEqual([
    expect.stringMatching(
      /^Advice: Roll back, because the runbook names it: “Application completely broken”; data written since/,
    ),
    'For it: seen: app-broken (runbook: “Application completely broken”)',
    'Against it: seen: written-since (runbook: “Data has been written that depends on new schema”)',
    'May be lost: column papers.score (60 values in 100 rows, 3 of them written after the migration)',
    'Loss unknown until the rehearsal: changed by it as well: opportunities.priority',
    'Not looked at: orphans of links.paper_id: lock timeout',
  ]);
});

test('gate start, `backstep plan` and the report show it', () => {
  const diagnosis = {
    ...decide([sign('nulls')], { salvaged: true }),
    estimated: { losses: [], unknown: [] },
    notSeen: [],
  };
  const seen = { ...observations, diagnosis };
  const plan = examplePlan();
  const wanted = describeDiagnosis(diagnosis);
  expect(wanted).toHaveLength(2);
  expect(shownAtStart(plan, seen).shows).toEqual(expect.arrayContaining(wanted));
  const report = reportMarkdown(reportOf(journalOf(...done('assess', seen)), subject(plan)));
  for (const line of wanted) expect(report).toContain(`- ${line}`);
  const planned = { kind: 'planned', plan, hash: 'a1', observations: seen, searchAttributes: true } as const;
  const [advice = '', ...reasons] = wanted.map((each) => `  ${each.replace('Advice: ', '')}`);
  expect(plainLines(assessmentBlocks(planned)).join('\n')).toContain(
    ['What is wrong:', advice, ...reasons].join('\n'),
  );
});

test('docs/diagnosis.md shows the very table of the code', async () => {
  const text = await readFile('docs/diagnosis.md', 'utf8');
  expect(text, 'put the output of symptomTable() into docs/diagnosis.md').toContain(symptomTable());
});

test('Scenario 1: the lines of Alembic, psycopg and PostgreSQL are known; others are not taken for them', () => {
  const found = signsOfLines(
    [
      'job-1: alembic.util.exc.CommandError: Target database is not up to date',
      'job-1: FAILED: Migration failed at revision 0005',
      'job-2: psycopg.errors.InFailedSqlTransaction: current transaction is aborted, commands ignored',
      'job-2: psycopg.errors.DuplicateTable: relation "scores" already exists',
      'api-1: psycopg.errors.UndefinedColumn: column papers.score does not exist',
      'api-1: ERROR: relation "scores" does not exist at character 15',
      'api-2: sqlalchemy.exc.IntegrityError: (psycopg2.errors.ForeignKeyViolation) insert or update on table "links"',
      'api-2: ERROR: duplicate key value violates unique constraint "papers_pkey"',
      'api-2: ERROR GET /papers: the file does not exist',
      'api-2: TimeoutError: upstream',
    ],
    exampleTool.failedLine,
  );
  expect(found.map(({ symptom, evidence }) => [symptom, evidence])).toEqual([
    ['migration-failed', expect.stringMatching(/job-2: .*already exists \(4 lines like it\)$/)],
    ['errors-of-integrity', expect.stringMatching(/papers_pkey.*\(2 lines like it\)$/)],
    ['errors-of-schema', expect.stringMatching(/"scores".*\(2 lines like it\)$/)],
  ]);
});

const plan = (cost: number, scanned: QueryPlan['scanned'] = [], indexes: string[] = []): QueryPlan => ({
  name: 'AI papers',
  cost,
  scanned,
  indexes,
});
const papers = [{ table: 'papers', rows: 24_000 }];
const kinds = (now: QueryPlan, before: QueryPlan[]) =>
  comparePlans([now], before, 'at 0004').map(({ symptom }) => symptom);

describe('Scenario 3: plans before and after', () => {
  test('a table scan in place of an index, and a cost that grew', () => {
    expect(
      comparePlans([plan(900, papers)], [plan(12, [], ['papers_domain'])], 'at 0004 on 2025-11-17'),
    ).toEqual([
      {
        symptom: 'table-scan',
        evidence: 'query “AI papers” reads all 24,000 rows of papers (at 0004 on 2025-11-17: papers_domain)',
      },
      {
        symptom: 'plan-worse',
        evidence: 'query “AI papers” costs 75 times what it did (900; at 0004 on 2025-11-17: 12)',
      },
    ]);
    expect(kinds(plan(5_000), [plan(12)])).toEqual(['plan-far-worse']);
  });

  test('a scan that was there before, a cost as before and a cheap plan are no findings', () => {
    expect(kinds(plan(900, papers), [plan(880, papers)])).toEqual([]);
    expect(kinds(plan(90), [plan(1)])).toEqual([]);
    expect(kinds(plan(12), [])).toEqual([]);
  });

  test('where no earlier plan is known, a table scan is told as such', () => {
    expect(comparePlans([plan(900, papers)], [], '')).toEqual([
      {
        symptom: 'table-scan',
        evidence: 'query “AI papers” reads all 24,000 rows of papers (no earlier plan is known)',
      },
    ]);
  });
});
