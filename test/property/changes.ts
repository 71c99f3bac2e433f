import { kinds, type Case, type Change, type Column } from './model.ts';
import {
  create,
  definition,
  hasOneKey,
  insert,
  keyOf,
  keyTypes,
  quoted,
  shapeOf,
  someRows,
  type Shape,
  type Step,
} from './schema.ts';

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
    created.push(...create(table, shape));
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
    return { up: [...create(table, shape), ...rows], down: [`DROP TABLE ${quoted(table.name)}`] };
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
      // What is unique in a partitioned table must tell its partitions apart.
      const unique = shape.partitioned ? '' : ' UNIQUE';
      const kind = change.always ? `ALWAYS AS IDENTITY${unique}` : 'BY DEFAULT AS IDENTITY';
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
  shapes.push({
    name: made,
    key: 'reference',
    columns: [nullable],
    parent: undefined,
    partitioned: false,
  });
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
