import { kinds, type Column, type Key, type Table } from './model.ts';

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const text = (value: string): string => `E'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;

/** A table as it is at the newest revision. */
export interface Shape {
  name: string;
  key: Key | 'reference';
  columns: Column[];
  parent: Shape | undefined;
  partitioned: boolean;
}

/** What a migration runs, and what it runs to go back; `raise` is for the migration's own Python. */
export interface Step {
  up: string[];
  down: (string | { raises: 'transaction' | 'autocommit'; when: 'always' | 'not-on-copy'; sql: string })[];
}

export const keyTypes = { identity: 'bigint', serial: 'bigint', uuid: 'uuid', text: 'text' } as const;
export const hasOneKey = (key: Shape['key']): key is keyof typeof keyTypes => key in keyTypes;

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

export function create(table: Table, { parent, partitioned }: Shape): string[] {
  const parts = [
    ...keyDefinitions[table.key],
    ...table.columns.map(definition),
    ...(parent !== undefined && hasOneKey(parent.key)
      ? [`parent ${keyTypes[parent.key]} REFERENCES ${quoted(parent.name)} ON DELETE CASCADE`]
      : []),
    ...(table.computed ? [`computed text GENERATED ALWAYS AS ((${computed[table.key]})::text) STORED`] : []),
  ];
  const made = `CREATE TABLE ${quoted(table.name)} (${parts.join(', ')})`;
  if (!partitioned) return [made];
  const part = (number: number) =>
    `CREATE TABLE ${quoted(`${table.name} ${number}`)} PARTITION OF ${quoted(table.name)} FOR VALUES WITH (MODULUS 2, REMAINDER ${number})`;
  return [`${made} PARTITION BY HASH (id)`, part(0), part(1)];
}

export function shapeOf(
  { name, key, columns, partitioned, refersBack }: Table,
  shapes: readonly Shape[],
): Shape {
  const parent = refersBack === undefined || refersBack === 0 ? undefined : shapes.at(-refersBack);
  const shape: Shape = {
    name,
    key,
    columns: [...columns],
    parent: parent !== undefined && hasOneKey(parent.key) ? parent : undefined,
    partitioned: partitioned && key !== 'none',
  };
  return refersBack === 0 && hasOneKey(key) ? Object.assign(shape, { parent: shape }) : shape;
}

/** The value of a column in a row, by numbers. */
export function value({ kind, presence }: Column, row: number, salt: number): string {
  const pool: readonly string[] = kinds[kind].values;
  const at = (row * 5 + salt * 3 + kind.length) % (pool.length + (presence === 'required' ? 0 : 1));
  return pool[at] ?? 'NULL';
}

export const keyOf = (shape: Shape, row: number): [string, string][] => {
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
