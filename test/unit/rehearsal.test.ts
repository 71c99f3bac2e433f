import { describe, expect, it } from 'vitest';
import { warningsOf, wrongOf } from '../../src/activities/rehearsal/warnings.ts';
import type { DatabaseState } from '../../src/activities/rehearsal/database-state.ts';
import { compareRehearsed } from '../../src/activities/verify/rows.ts';
import type { Observed } from '../../src/migrations/tool.ts';
import { kinds, type Catalog, type Kind } from '../../src/postgres/catalog.ts';
import { changes } from '../../src/schema-diff/changes.ts';
import { strongest } from '../../src/postgres/locks.ts';

const catalog = (of: Partial<Record<Kind, Record<string, string>>>): Catalog =>
  Object.fromEntries(kinds.map((kind) => [kind, of[kind] ?? {}])) as Catalog;

const world = (of: Partial<DatabaseState> = {}): DatabaseState => ({
  catalog: catalog({}),
  revision: '0005',
  sequences: {},
  names: new Map(),
  ...of,
});
const step = (of: Partial<Observed['steps'][number]> = {}): Observed['steps'][number] => ({
  revision: '0005',
  statements: 3,
  sql: [],
  commits: [],
  empty: false,
  environment: [],
  ...of,
});
const warned = (observed: Partial<Observed>, before = world(), after = world()) =>
  warningsOf({
    observed: { steps: [], transactions: [], locks: [], ...observed },
    before,
    after,
    schema: undefined,
  });

describe('warnings', () => {
  it('names nothing where a downgrade behaves', () => {
    expect(warned({ steps: [step()], transactions: ['0005'] })).toEqual([]);
  });

  it('a downgrade that runs no statement is named, unless its upgrade does nothing either', () => {
    expect(warned({ steps: [step({ statements: 0 })] })).toEqual([
      expect.stringMatching(/^0005: its downgrade does nothing/),
    ]);
    expect(warned({ steps: [step({ statements: 0, empty: true })] })).toEqual([]);
  });

  it('a downgrade that works and is not right: it does nothing, or leaves another schema', () => {
    const schema = { wrong: ['index papers_title is missing'], drift: [] };
    const seen = { before: world(), after: world(), observed: undefined, schema };
    expect(wrongOf(seen)).toEqual([expect.stringContaining('index papers_title is missing')]);
    const observed = {
      steps: [step({ statements: 0 }), step({ commits: ['x'] })],
      transactions: [],
      locks: [],
    };
    expect(wrongOf({ ...seen, observed, schema: undefined })).toEqual([
      expect.stringMatching(/^0005: its downgrade does nothing/),
    ]);
  });

  it('commits in the middle and between migrations, and what is read from the environment', () => {
    const steps = [step({ commits: ['DROP INDEX CONCURRENTLY i'], environment: ['KEEP'] })];
    expect(warned({ steps, transactions: ['0005', '0004'] })).toEqual([
      expect.stringMatching(/^0005: commits half-way \(DROP INDEX CONCURRENTLY i\)/),
      expect.stringMatching(/^0005: reads the environment \(KEEP\)/),
      expect.stringMatching(/^Commits after each migration \(0005, 0004\)/),
    ]);
  });

  it('sequences that stay and are set otherwise; one that goes with its table is no news', () => {
    const before = world({ sequences: { papers_id_seq: '120', scores_id_seq: '7' } });
    expect(warned({}, before, world({ sequences: { papers_id_seq: '1' } }))).toEqual([
      'Sets sequence papers_id_seq from 120 to 1',
    ]);
  });

  it('says where nothing could be seen from within', () => {
    expect(
      warningsOf({ observed: undefined, before: world(), after: world(), schema: undefined }),
    ).toHaveLength(1);
  });
});

describe('changes of a schema in words', () => {
  it('a table goes with its columns, indexes and constraints; what stays is told one by one', () => {
    const before = catalog({
      table: { papers: 'table owner app', scores: 'table owner app' },
      column: { 'papers.score': 'double precision', 'papers.title': 'text', 'scores.value': 'real' },
      index: {
        scores_pkey: 'CREATE UNIQUE INDEX scores_pkey ON public.scores USING btree id',
        papers_score: 'CREATE INDEX papers_score ON public.papers USING btree score',
      },
      constraint: { 'scores.scores_pkey': 'PRIMARY KEY id' },
      grant: { papers: 'app: SELECT, reader: SELECT' },
    });
    const after = catalog({
      table: { papers: 'table owner app' },
      column: { 'papers.title': 'character varying(20)' },
      grant: { papers: 'app: SELECT' },
    });
    expect(changes(before, after)).toEqual([
      'drops table scores',
      'drops column papers.score (double precision)',
      'changes column papers.title: text → character varying(20)',
      'drops index papers_score (CREATE INDEX papers_score ON public.papers USING btree score)',
      'changes grants on papers: app: SELECT, reader: SELECT → app: SELECT',
    ]);
  });
});

it('of the locks on a relation the strongest counts; those without a name are nobody’s', () => {
  const names = new Map([
    ['1', 'papers'],
    ['2', 'scores'],
  ]);
  const locks = [
    { oid: '1', mode: 'RowExclusiveLock' },
    { oid: '1', mode: 'AccessShareLock' },
    { oid: '2', mode: 'AccessExclusiveLock' },
    { oid: '3', mode: 'AccessExclusiveLock' },
  ];
  expect(strongest(locks, names)).toEqual([
    { relation: 'scores', mode: 'AccessExclusiveLock' },
    { relation: 'papers', mode: 'RowExclusiveLock' },
  ]);
});

const compare = (found: Record<string, number>) =>
  compareRehearsed(
    { stopped: { papers: 10, scores: 3, notes: 5 }, rehearsed: { papers: 10, notes: 4 }, found },
    ['alembic_version'],
  );

describe('rows against the rehearsed copy', () => {
  it('rows that went in the rehearsal too are as they should be', () => {
    expect(compare({ papers: 10, notes: 4, alembic_version: 1 })).toEqual({
      wrong: [],
      dropped: { scores: 3 },
      equal: 2,
    });
  });

  it('every other number is wrong, also the one from before', () => {
    expect(compare({ papers: 9, notes: 5, scores: 3 }).wrong).toEqual([
      'papers: 9 rows now, 10 rows in the rehearsal, 10 after the stop',
      'scores: 3 rows now, gone in the rehearsal, 3 after the stop',
      'notes: 5 rows now, 4 rows in the rehearsal, 5 after the stop',
    ]);
  });
});
