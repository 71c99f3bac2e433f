import * as fc from 'fast-check';
import {
  breakages,
  kinds,
  crashPoints,
  type Case,
  type Change,
  type Column,
  type Key,
  type KindName,
  type CrashPoint,
  type Table,
  type Write,
} from './model.ts';

const tableNames = [
  'papers',
  'Links',
  'two words',
  'quo"te',
  'naïve',
  'select',
  '漢字',
  'dot.ted',
  "o'clock",
];
const columnNames = ['score', 'Title', 'null', 'größe', 'a b', 'x"y', "it's", '\\N', 'order'];
const small = fc.nat({ max: 9 });

const column = (): fc.Arbitrary<Column> =>
  fc.record({
    name: fc.constantFrom(...columnNames),
    kind: fc.constantFrom(...(Object.keys(kinds) as KindName[])),
    presence: fc.constantFrom('nullable', 'required', 'defaulted'),
  });

const table = (): fc.Arbitrary<Table> =>
  fc.record({
    name: fc.constantFrom(...tableNames),
    key: fc.constantFrom<Key[]>('identity', 'none', 'serial', 'uuid', 'text', 'pair'),
    columns: fc.uniqueArray(column(), { maxLength: 4, selector: ({ name }) => name }),
    computed: fc.boolean(),
    refersBack: fc.option(fc.constantFrom(1, 2, 0), { nil: undefined }),
    partitioned: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, fc.constant(true)),
    rows: fc.nat({ max: 6 }),
  });

const change = (): fc.Arbitrary<Change> =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ does: fc.constant('add-table'), table: table(), filled: fc.boolean() }),
    },
    { weight: 4, arbitrary: fc.record({ does: fc.constant('add-column'), at: small, column: column() }) },
    { weight: 2, arbitrary: fc.record({ does: fc.constant('add-number'), at: small, always: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ does: fc.constant('widen'), at: small, which: small }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('rename-column'), at: small, which: small }) },
    { weight: 2, arbitrary: fc.record({ does: fc.constant('split'), at: small, which: small }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('seed'), at: small }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('add-index'), at: small, which: small }) },
    {
      weight: 2,
      arbitrary: fc.record({ does: fc.constant('delete-rows'), at: small, keeping: fc.nat({ max: 3 }) }),
    },
    { weight: 2, arbitrary: fc.record({ does: fc.constant('blank-values'), at: small, which: small }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('nothing-back'), at: small, column: column() }) },
    {
      weight: 1,
      arbitrary: fc.record({
        does: fc.constant('raise'),
        where: fc.constantFrom('transaction', 'autocommit'),
        when: fc.constantFrom('always', 'not-on-copy'),
        at: small,
      }),
    },
  );

const write = (): fc.Arbitrary<Write> =>
  fc.record({
    does: fc.constantFrom('insert', 'update', 'delete'),
    at: small,
    count: fc.integer({ min: 1, max: 4 }),
    salt: small,
  });

/** About as many as there are of them in a rollback. */
const most: Record<CrashPoint, number> = {
  record: 7,
  job: 6,
  rename: 4,
  'create database': 4,
  statement: 400,
};

const crash = (after: CrashPoint): fc.Arbitrary<Case['crash']> =>
  fc.record({ after: fc.constant(after), nth: fc.nat({ max: most[after] }) });

/** A schema, its data, its migrations there and back, and what breaks on the way. */
export const cases = (): fc.Arbitrary<Case> =>
  fc
    .record({
      tables: fc.uniqueArray(table(), { minLength: 1, maxLength: 3, selector: ({ name }) => name }),
      changes: fc.array(change(), { minLength: 1, maxLength: 5 }),
      first: fc.nat({ max: 5 }),
      writes: fc.array(write(), { maxLength: 6 }),
      // Half of all cases go through unbroken.
      breakage: fc.oneof(fc.constant('none' as const), fc.constantFrom(...breakages)),
      crash: fc.oneof(...crashPoints.map((after) => crash(after))),
      restoreFrom: fc.constantFrom('backup', 'snapshot', 'nothing'),
    })
    // What breaks a restore breaks there.
    .map((it) => {
      if (it.breakage === 'somebody changes the snapshot') return { ...it, restoreFrom: 'snapshot' as const };
      return it.breakage.includes('restore') ? { ...it, restoreFrom: 'backup' as const } : it;
    });
