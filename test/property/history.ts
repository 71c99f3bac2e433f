import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kinds, type Case } from './model.ts';
import { schemaOf, type Schema } from './changes.ts';
import { insert, quoted, someRows, value, type Step } from './schema.ts';

/** As an application has it: all migrations in one transaction. It pauses where the environment says so. */
const env = `
import os, time
import sqlalchemy
from alembic import context

def pause(where):
    if os.environ.get("PAUSE") == where:
        open(os.environ["PAUSED"], "w").close()
        while not os.path.exists(os.environ["PAUSED"] + " on"):
            time.sleep(0.005)

engine = sqlalchemy.create_engine(os.environ["DATABASE_URL"], poolclass=sqlalchemy.pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
        pause("before the commit")
    pause("after the commit")
`;

const python = (value: unknown): string => JSON.stringify(value);

function runs(statements: Step['down']): string {
  const lines = statements.map((each) => {
    if (typeof each === 'string') return `run(${python(each)})`;
    const condition = each.when === 'always' ? 'True' : 'not on_copy()';
    return each.raises === 'transaction'
      ? `if ${condition}:\n        raise Exception("goes wrong half-way")`
      : `if ${condition}:\n        with op.get_context().autocommit_block():\n            run(${python(each.sql)})\n        raise Exception("goes wrong half-way, and has committed")`;
  });
  return ['pass', ...lines].map((line) => `    ${line}`).join('\n');
}

const migration = (
  revision: string,
  parent: string | undefined,
  up: string[],
  down: Step['down'],
): string => `
import sqlalchemy
from alembic import op

revision = ${python(revision)}
down_revision = ${parent === undefined ? 'None' : python(parent)}

def run(sql):
    op.execute(sqlalchemy.text(sql.replace(":", "\\\\:")))

def on_copy():
    return "__rehearsal_" in op.get_bind().execute(sqlalchemy.text("SELECT current_database()")).scalar()

def upgrade():
${runs(up)}

def downgrade():
${runs(down)}
`;

export interface History {
  directory: string;
  schema: Schema;
  /** Revision without the changes, and the newest. */
  target: string;
  from: string;
  /** What the application writes at the newest. */
  writes: string[];
}

/** Writes the migrations of a case into a directory, as an image would hold them. */
export function history(it: Case, directory: string): History {
  const schema = schemaOf(it);
  const versions = join(directory, 'migrations', 'versions');
  mkdirSync(versions, { recursive: true });
  writeFileSync(join(directory, 'alembic.ini'), '[alembic]\nscript_location = migrations\n');
  writeFileSync(join(directory, 'migrations', 'env.py'), env);
  const split = Math.min(it.first, schema.steps.length);
  const revisions: [string, Step[]][] = [
    ['two', schema.steps.slice(0, split)],
    ['three', schema.steps.slice(split)],
  ];
  writeFileSync(join(versions, 'one.py'), migration('one', undefined, schema.create, []));
  let parent = 'one';
  for (const [revision, steps] of revisions) {
    const up = steps.flatMap((step) => step.up);
    const down = steps.toReversed().flatMap((step) => step.down);
    writeFileSync(join(versions, `${revision}.py`), migration(revision, parent, up, down));
    parent = revision;
  }
  return { directory, schema, target: 'one', from: 'three', writes: writesOf(it, schema) };
}

function writesOf({ writes }: Case, { shapes }: Schema): string[] {
  return writes.flatMap(({ does, at, count, salt }, index) => {
    const shape = shapes[at % shapes.length];
    if (shape === undefined) return [];
    const rows = Array.from({ length: count }, (_, row) => 100 + index * 10 + row);
    if (does === 'insert')
      return shape.key === 'reference' ? [] : rows.map((row) => insert(shape, row, salt));
    if (does === 'delete')
      return [`DELETE FROM ${quoted(shape.name)} WHERE ctid IN ${someRows(shape, count)}`];
    const column = shape.columns[salt % Math.max(1, shape.columns.length)];
    if (column === undefined) return [];
    const changed = column.kind === 'text' ? kinds.text.values[1] : value(column, salt, count);
    return [
      `UPDATE ${quoted(shape.name)} SET ${quoted(column.name)} = ${changed} WHERE ctid IN ${someRows(shape, count)}`,
    ];
  });
}
