import { describe, expect, it } from 'vitest';
import type { RehearsalFile } from '../../src/activities/rehearsal/evidence.ts';
import { againstRehearsal } from '../../src/activities/verify/against-rehearsal.ts';
import { compareRows } from '../../src/activities/verify/rows.ts';
import { compareSchemas } from '../../src/schema-diff/schemas.ts';
import { kinds, type Catalog, type Kind } from '../../src/postgres/catalog.ts';
import { holdingIn } from '../../src/domain/definition/checks.ts';
import { examplePlan } from '../example-plan.ts';

const catalog = (of: Partial<Record<Kind, Record<string, string>>>): Catalog =>
  Object.fromEntries(kinds.map((kind) => [kind, of[kind] ?? {}])) as Catalog;
const tables = (...names: string[]) => ({
  table: Object.fromEntries(names.map((name) => [name, 'table owner app'])),
});

const target = catalog(tables('papers'));
const from = catalog(tables('papers', 'scores'));
const compare = (now: Catalog, before: Catalog | undefined = from, made: Catalog | undefined = from) =>
  compareSchemas({ target, from: made, now, before }, ['alembic_version']);

describe('the schema against the one that the same migrations build', () => {
  it('is right where it is the same, Alembic’s own table left out', () => {
    expect(compare(catalog(tables('papers', 'alembic_version')))).toEqual({ wrong: [], drift: [] });
  });

  it('names what is missing, what the downgrade left, and what it made otherwise', () => {
    expect(compare(catalog({})).wrong).toEqual([expect.stringMatching(/table papers is missing/)]);
    expect(compare(from).wrong).toEqual([expect.stringMatching(/table scores should not be there/)]);
    const otherwise = catalog({ table: { papers: 'table owner somebody' } });
    expect(compare(otherwise).wrong).toEqual([
      expect.stringMatching(/expected table owner app, found table owner somebody/),
    ]);
  });

  it('leaves alone what differed before and what no reverted migration touches', () => {
    const byHand = catalog({
      ...tables('papers', 'scores', 'copy_of_papers'),
      index: { papers_by_hand: 'CREATE INDEX' },
    });
    const now = catalog({ ...tables('papers', 'copy_of_papers'), index: { papers_by_hand: 'CREATE INDEX' } });
    const { wrong, drift } = compare(now, byHand);
    expect(wrong).toEqual([]);
    expect(drift).toHaveLength(2);
  });

  it('says so where the downgrade took along what no migration makes', () => {
    const before = catalog({ ...tables('papers', 'scores'), view: { best_papers: 'view' } });
    expect(compare(catalog(tables('papers')), before).wrong).toEqual([
      expect.stringMatching(/view best_papers is gone, and no migration/),
    ]);
  });

  it('takes nothing for drift where it is not known what was there before', () => {
    const now = catalog(tables('papers', 'copy_of_papers'));
    for (const { wrong } of [
      compareSchemas({ target, from, now, before: undefined }, ['v']),
      compareSchemas({ target, from: undefined, now, before: now }, ['v']),
    ]) {
      expect(wrong).toEqual([expect.stringMatching(/copy_of_papers should not be there/)]);
    }
  });

  it('tells grants and comments, and hangs nothing on them', () => {
    const granted = catalog({ ...tables('papers'), grant: { papers: 'reader: SELECT' } });
    expect(compare(granted)).toEqual({ wrong: [], drift: [expect.stringMatching(/grant papers/)] });
  });
});

describe('the schema against that of the rehearsed copy', () => {
  it('is equal, and names indexes that are not valid and constraints that were never validated', () => {
    const unsound = catalog({
      ...tables('papers'),
      index: { papers_title: 'CREATE INDEX papers_title ON public.papers USING btree (title) INVALID' },
      constraint: { 'papers.long': 'CHECK ((pages < 9)) NOT VALID' },
    });
    const file = {
      catalog: { before: unsound, after: unsound },
      counts: {},
      schema: { wrong: [], drift: [] },
    };
    const found = againstRehearsal(examplePlan(), { counts: {} }, file as unknown as RehearsalFile, {
      catalog: unsound,
      rows: {},
      toolTables: ['alembic_version'],
    });
    expect(found.wrong).toEqual([]);
    expect(found.notVerified).toEqual([
      'index papers_title is not valid, as on the rehearsed copy',
      'constraint papers.long is not validated, as on the rehearsed copy',
    ]);
  });
});

describe('own checks on what was restored', () => {
  const all = [{ name: 'always' }, { name: 'later', since: '0005' }, { name: 'here', since: '0004' }];
  const names = (from: string, target: string) => holdingIn(all, { from, target }).map(({ name }) => name);

  it('are all made where the revision is the same, otherwise those that are known to hold', () => {
    expect(names('0005', '0005')).toEqual(['always', 'later', 'here']);
    expect(names('0005', '0004')).toEqual(['always', 'here']);
  });
});

describe('the rows against those after the stop', () => {
  const options = { stays: (table: string) => table === 'papers', toolTables: ['alembic_version'] };

  it('are equal, but for tables that do not belong to the target', () => {
    const stopped = { papers: 24_000, scores: 35_218, alembic_version: 1 };
    expect(compareRows(stopped, { papers: 24_000, alembic_version: 0 }, options)).toEqual({
      wrong: [],
      dropped: { scores: 35_218 },
      equal: 1,
    });
  });

  it('are wrong by a single one', () => {
    expect(compareRows({ papers: 24_000 }, { papers: 23_999 }, options).wrong).toEqual([
      'papers: 24000 rows after the stop, 23999 now',
    ]);
  });

  it('are wrong where a table that should stay is gone', () => {
    expect(compareRows({ papers: 24_000 }, {}, options).wrong).toEqual(['papers is gone, with 24000 rows']);
  });
});
