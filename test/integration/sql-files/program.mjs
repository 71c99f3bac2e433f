// Runs in the application's image, which has node, psql and the migrations: `0002_scores.up.sql`, `0002_scores.down.sql`.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

const { mode, directory, application, current, from, target, copy } = JSON.parse(
  process.env.BACKSTEP_REQUEST,
);

const say = (word, value) => process.stdout.write(`${word} ${JSON.stringify(value)}\n`);

class Failure extends Error {
  constructor(type, message) {
    super(message);
    this.type = type;
  }
}

function psql(sql) {
  try {
    return execFileSync('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', process.env.DATABASE_URL], {
      input: sql,
      encoding: 'utf8',
      env: { ...process.env, PGAPPNAME: application },
      stdio: ['pipe', 'pipe', 'pipe'],
    }).trim();
  } catch (error) {
    throw new Error(String(error.stderr ?? error).trim(), { cause: error });
  }
}

const files = () =>
  readdirSync(directory)
    .toSorted()
    .flatMap((name) => {
      const [, file, revision, message] = /^((\d+)_(.*))\.up\.sql$/.exec(name) ?? [];
      return file === undefined ? [] : [{ file, revision, message }];
    });

const revision = () =>
  psql(`SELECT to_regclass('schema_migrations') IS NOT NULL`) === 't'
    ? psql('SELECT max(version) FROM schema_migrations')
    : '';
const revisions = (at) => (at === '' ? [] : [at]);
const read = (file, way) => readFileSync(`${directory}/${file}.${way}.sql`, 'utf8');

function inspect() {
  const all = files();
  const answer = {
    heads: revisions(all.at(-1)?.revision ?? ''),
    history: all
      .map(({ file, revision, message }, at) => ({
        revision,
        parents: revisions(all[at - 1]?.revision ?? ''),
        message,
        path: `${directory}/${file}.up.sql`,
        downgrade: read(file, 'down'),
      }))
      .toReversed(),
  };
  if (!current) return answer;
  try {
    return { ...answer, current: revisions(revision()) };
  } catch (error) {
    return { ...answer, currentError: error.message };
  }
}

/** Each in a transaction of its own, under a lock, and only from where it is expected. Kubernetes reads a doubled `$` of a command as one. */
function run({ file, revision: version }, way, expected) {
  process.stdout.write(`${way === 'down' ? 'Reverting' : 'Applying'} ${file}\n`);
  psql(`BEGIN;
    SELECT pg_advisory_xact_lock(hashtext('schema_migrations'));
    DO $check$ BEGIN
      IF (SELECT coalesce(max(version), '') FROM schema_migrations) <> '${expected}' THEN
        RAISE 'the database is not at ${expected}';
      END IF;
    END $check$;
    ${read(file, way)}
    ${way === 'down' ? `DELETE FROM schema_migrations WHERE version = '${version}'` : `INSERT INTO schema_migrations VALUES ('${version}')`};
    COMMIT;`);
}

function down() {
  if (copy !== undefined && psql('SELECT current_database()') !== copy)
    throw new Failure('DowngradeFailed', `the migrations do not reach ${copy}`);
  const before = revision();
  const wanted = target === 'base' ? '' : target;
  if (before === wanted) return { from: revisions(before), to: revisions(before), moved: false, seconds: 0 };
  if (before !== from)
    throw new Failure('DowngradeUnclear', `the database is at ${before || 'base'}, not at ${from}`);
  const began = Date.now();
  try {
    for (const each of files().toReversed())
      if (each.revision <= from && each.revision > wanted) run(each, 'down', each.revision);
  } catch (error) {
    throw new Failure('DowngradeFailed', `${error.message}; the database is at ${revision() || 'base'}`);
  }
  return { from: [from], to: revisions(revision()), moved: true, seconds: (Date.now() - began) / 1_000 };
}

function build() {
  const began = Date.now();
  psql(`CREATE TABLE IF NOT EXISTS schema_migrations
    (version text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())`);
  let at = '';
  for (const each of files()) {
    if (each.revision > target) break;
    run(each, 'up', at);
    at = each.revision;
  }
  return { from: [], to: revisions(at), moved: true, seconds: (Date.now() - began) / 1_000 };
}

try {
  say('BACKSTEP-RESULT', { inspect, down, build }[mode]());
} catch (error) {
  say('BACKSTEP-FAILURE', { type: error.type ?? 'MigrationsBroken', message: error.message });
  process.exitCode = 1;
}
