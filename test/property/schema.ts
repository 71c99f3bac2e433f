import { kinds, type Case, type Change, type Column, type Key, type Table } from './model.ts';

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const text = (value: string): string => `E'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;

/** A table as it is at the newest revision. */
export interface Shape {
  name: string;
  key: Key | 'reference';
  columns: Column[];
  parent: Shape | undefined;
}

/** What a migration runs, and what it runs to go back; `raise` is for the migration's own Python. */
export interface Step {
  up: string[];
  down: (string | { raises: 'transaction' | 'autocommit'; when: 'always' | 'not-on-copy'; sql: string })[];
}

const keyTypes = { identity: 'bigint', serial: 'bigint', uuid: 'uuid', text: 'text' } as const;
const hasOneKey = (key: Shape['key']): key is keyof typeof keyTypes => key in keyTypes;

const keyDefinitions: Record<Key, string[]> = {
  none: [],
  identity: ['id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY'],
  serial: ['id bigserial PRIMARY KEY'],
  uuid: ['id uuid DEFAULT gen_random_uuid() PRIMARY KEY'],
  text: ['id text PRIMARY KEY'],
  pair: ['id integer', 'part text', 'PRIMARY KEY (id, part)'],
};

const computed: Record<Key, string> = {
  none: `'same'`,
  identity: 'id * 2',
  serial: 'id * 2',
  uuid: 'md5(id::text)',
  text: 'upper(id)',
  pair: 'id * 2',
};

export function definition({ name, kind, presence }: Column): string {
  const [first, second = first] = kinds[kind].values as readonly string[];
  const suffix = {
    required: `NOT NULL DEFAULT ${first}`,
    defaulted: `DEFAULT ${second}`,
    nullable: '',
  }[presence];
  return `${quoted(name)} ${kinds[kind].type} ${suffix}`;
}

function create(table: Table, shape: Shape): string {
  const { parent } = shape;
  const parts = [
    ...keyDefinitions[table.key],
    ...table.columns.map(definition),
    ...(parent !== undefined && hasOneKey(parent.key)
      ? [`parent ${keyTypes[parent.key]} REFERENCES ${quoted(parent.name)} ON DELETE CASCADE`]
      : []),
    ...(table.computed ? [`computed text GENERATED ALWAYS AS ((${computed[table.key]})::text) STORED`] : []),
  ];
  return `CREATE TABLE ${quoted(table.name)} (${parts.join(', ')})`;
}

function shapeOf(table: Table, shapes: readonly Shape[]): Shape {
  const parent = table.refersBack === undefined ? undefined : shapes.at(-table.refersBack);
  return {
    name: table.name,
    key: table.key,
    columns: [...table.columns],
    parent: parent !== undefined && hasOneKey(parent.key) ? parent : undefined,
  };
}

/** The value of a column in a row, by numbers. */
export function value({ kind, presence }: Column, row: number, salt: number): string {
  const pool: readonly string[] = kinds[kind].values;
  const at = (row * 5 + salt * 3 + kind.length) % (pool.length + (presence === 'required' ? 0 : 1));
  return pool[at] ?? 'NULL';
}

const keyOf = (shape: Shape, row: number): [string, string][] => {
  if (shape.key === 'uuid') return [['id', `md5(${text(`${shape.name} ${row}`)})::uuid`]];
  if (shape.key === 'text') return [['id', text(`key\t${row}`)]];
  if (shape.key === 'pair')
    return [
      ['id', String(row % 3)],
      ['part', text(`\\${row}`)],
    ];
  return [];
};

export function insert(shape: Shape, row: number, salt: number): string {
  const { parent } = shape;
  const given: [string, string][] = [
    ...keyOf(shape, row),
    ...shape.columns.map((column, index): [string, string] => [
      quoted(column.name),
      value(column, row, salt + index),
    ]),
    ...(parent === undefined
      ? []
      : [
          ['parent', `(SELECT id FROM ${quoted(parent.name)} ORDER BY id OFFSET ${row % 3} LIMIT 1)`] as [
            string,
            string,
          ],
        ]),
  ];
  if (given.length === 0) return `INSERT INTO ${quoted(shape.name)} DEFAULT VALUES`;
  return `INSERT INTO ${quoted(shape.name)} (${given.map(([name]) => name).join(', ')}) VALUES (${given.map(([, each]) => each).join(', ')}) ON CONFLICT DO NOTHING`;
}

/** Some rows of a table, the same in a copy of it. */
export const someRows = ({ name }: Pick<Shape, 'name'>, count: number): string =>
  `(SELECT ctid FROM ${quoted(name)} t ORDER BY t::text COLLATE "C" LIMIT ${count})`;

export interface Schema {
  create: string[];
  fill: string[];
  steps: Step[];
  shapes: Shape[];
}

/** Follows the changes from the first revision to the newest, and says what each runs. */
export function schemaOf({ tables, changes }: Case): Schema {
  const shapes: Shape[] = [];
  const created: string[] = [`CREATE TYPE mood AS ENUM ('bad', 'go''od')`];
  const fill: string[] = [];
  for (const table of tables) {
    const shape = shapeOf(table, shapes);
    shapes.push(shape);
    created.push(create(table, shape));
    for (let row = 1; row <= table.rows; row++) fill.push(insert(shape, row, 0));
  }
  const steps = changes.map((change, index) => stepOf(change, shapes, index));
  return { create: created, fill, steps, shapes };
}

const nothing: Step = { up: [], down: [] };

function stepOf(change: Change, shapes: Shape[], index: number): Step {
  if (change.does === 'add-table') {
    const { table } = change;
    if (shapes.some(({ name }) => name === table.name)) return nothing;
    const shape = shapeOf(table, shapes);
    shapes.push(shape);
    const rows = change.filled ? Array.from({ length: table.rows }, (_, row) => insert(shape, row, 1)) : [];
    return { up: [create(table, shape), ...rows], down: [`DROP TABLE ${quoted(table.name)}`] };
  }
  const shape = shapes[change.at % shapes.length];
  if (shape === undefined) return nothing;
  const name = quoted(shape.name);
  switch (change.does) {
    case 'add-column':
    case 'nothing-back': {
      if (shape.columns.some((column) => column.name === change.column.name)) return nothing;
      shape.columns.push(change.column);
      const up = [`ALTER TABLE ${name} ADD ${definition(change.column)}`];
      return {
        up,
        down:
          change.does === 'nothing-back' ? [] : [`ALTER TABLE ${name} DROP ${quoted(change.column.name)}`],
      };
    }
    case 'add-number': {
      const kind = change.always ? 'ALWAYS AS IDENTITY UNIQUE' : 'BY DEFAULT AS IDENTITY';
      const column = `number${index}`;
      return {
        up: [`ALTER TABLE ${name} ADD ${column} bigint GENERATED ${kind}`],
        down: [`ALTER TABLE ${name} DROP ${column}`],
      };
    }
    case 'delete-rows':
      return { up: [], down: [`DELETE FROM ${name} WHERE ctid NOT IN ${someRows(shape, change.keeping)}`] };
    case 'raise':
      return { up: [], down: [{ raises: change.where, when: change.when, sql: `DELETE FROM ${name}` }] };
    case 'seed': {
      const keys = keyOf(shape, 900).map(([column, each]) => `${column} = ${each}`);
      if (keys.length === 0) return nothing;
      return { up: [insert(shape, 900, 2)], down: [`DELETE FROM ${name} WHERE ${keys.join(' AND ')}`] };
    }
    default:
      return ofColumn(change, shape, shapes, index);
  }
}

function ofColumn(
  change: Extract<Change, { which: number }>,
  shape: Shape,
  shapes: Shape[],
  index: number,
): Step {
  const name = quoted(shape.name);
  const wide = change.does === 'widen' ? shape.columns.filter(({ kind }) => kind === 'short') : shape.columns;
  const found = wide[change.which % Math.max(1, wide.length)];
  if (found === undefined) return nothing;
  const at = shape.columns.indexOf(found);
  const column = quoted(found.name);
  switch (change.does) {
    case 'widen':
      shape.columns[at] = { ...found, kind: 'text' };
      return {
        up: [`ALTER TABLE ${name} ALTER ${column} TYPE text`],
        down: [`ALTER TABLE ${name} ALTER ${column} TYPE varchar(6) USING left(${column}, 6)`],
      };
    case 'rename-column': {
      const renamed = `${found.name} ${index}`;
      shape.columns[at] = { ...found, name: renamed };
      return {
        up: [`ALTER TABLE ${name} RENAME ${column} TO ${quoted(renamed)}`],
        down: [`ALTER TABLE ${name} RENAME ${quoted(renamed)} TO ${column}`],
      };
    }
    case 'add-index':
      return {
        up: [`CREATE INDEX made_${index} ON ${name} (${column})`],
        down: [`DROP INDEX made_${index}`],
      };
    case 'blank-values': {
      const blank = found.presence === 'required' ? kinds[found.kind].values[0] : 'NULL';
      return { up: [], down: [`UPDATE ${name} SET ${column} = ${blank}`] };
    }
    default:
      return split(found, at, shape, shapes, index);
  }
}

/** A column moves to a table of its own, and back. */
function split(found: Column, at: number, shape: Shape, shapes: Shape[], index: number): Step {
  if (!hasOneKey(shape.key)) return nothing;
  const [name, column] = [quoted(shape.name), quoted(found.name)];
  const made = `split ${index}`;
  shape.columns.splice(at, 1);
  const nullable: Column = { ...found, presence: 'nullable' };
  shapes.push({ name: made, key: 'reference', columns: [nullable], parent: undefined });
  return {
    up: [
      `CREATE TABLE ${quoted(made)} (id ${keyTypes[shape.key]} PRIMARY KEY REFERENCES ${name} ON DELETE CASCADE, ${definition(nullable)})`,
      `INSERT INTO ${quoted(made)} SELECT id, ${column} FROM ${name}`,
      `ALTER TABLE ${name} DROP ${column}`,
    ],
    down: [
      `ALTER TABLE ${name} ADD ${definition(found)}`,
      `UPDATE ${name} t SET ${column} = coalesce(e.${column}, t.${column}) FROM ${quoted(made)} e WHERE e.id = t.id`,
      `DROP TABLE ${quoted(made)}`,
    ],
  };
}
