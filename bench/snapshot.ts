/**
 * How long the ways back take, on one database of 1 GB and more with vectors: `npx tsx bench/snapshot.ts [GB]`
 * after `npm run lab -- --on-disk`. Times depend on the machine and on what else it does; the ratios of one run are what counts.
 */
import { perform } from '../src/activities/activity-function.ts';
import { siblingName } from '../src/domain/names.ts';
import { backUp } from '../src/activities/back-up/activity.ts';
import { takeSnapshot } from '../src/activities/snapshot/activity.ts';
import { restore } from '../src/activities/restore/activity.ts';
import { cloneDatabase, withOpenClone } from '../src/postgres/clones.ts';
import { quoted } from '../src/postgres/connect.ts';
import { dropDatabase } from '../src/postgres/databases.ts';
import { fingerprint } from '../src/postgres/fingerprint.ts';
import { fencedDatabase } from '../test/integration/fixtures/fenced-database-fixture.ts';

const gigabytes = Number(process.argv[2] ?? 1);
const vectors = Math.round(500_000 * gigabytes);
const links = Math.round(2_000_000 * gigabytes);

/** Random vectors of 384 dimensions, each used again far away, so that compression gains nothing from it. */
const filling = `
  CREATE TABLE basis AS SELECT n, (SELECT array_agg(r) FROM (SELECT random()::real AS r, n AS m FROM generate_series(1, 384) OFFSET 0) x WHERE m > 0)::tools.vector(384) AS e
    FROM generate_series(1, 3000) n;
  CREATE TABLE embeddings (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title text NOT NULL, at timestamptz NOT NULL, e tools.vector(384));
  INSERT INTO embeddings (title, at, e) SELECT md5(i::text), now(), b.e FROM generate_series(1, ${vectors}) i JOIN basis b ON b.n = i % 3000 + 1 ORDER BY i;
  CREATE TABLE links (paper bigint, url text, score float8);
  INSERT INTO links SELECT n, 'https://example.org/' || md5(n::text), n * 0.37 FROM generate_series(1, ${links}) n;
  CREATE INDEX links_paper ON links (paper); CREATE INDEX embeddings_title ON embeddings (title);
`;

const timed = async <T>(activity: () => Promise<T>): Promise<[T, number]> => {
  const began = performance.now();
  const value = await activity();
  return [value, (performance.now() - began) / 1_000];
};
const say = (what: string, seconds: number, more = '') =>
  console.log(`${what.padEnd(64)}${seconds.toFixed(2).padStart(8)} s  ${more}`);

const times = (a: number, b: number) => `${(a / b).toFixed(1)} times`;

const here = await fencedDatabase('bench', filling);
try {
  const { dependencies } = here;
  // A dump of this size may take longer than a test allows.
  const plan = here.planned({ backup: { claim: 'backstep-backups', timeout: '1h' } });
  const { operation, adminUrl } = here;
  const { rows } = await here.asAdmin((admin) =>
    admin.query<{ size: string }>('SELECT pg_size_pretty(pg_database_size($1)) AS size', [here.fencedName]),
  );
  console.log(
    `Database of ${rows[0]?.size} in ${here.lab.postgres.keptIn === 'disk' ? 'files' : 'memory'}: ${vectors} vectors of 384 dimensions, ${links} short rows\n`,
  );

  const copy = {
    from: here.fencedName,
    to: here.beside('scratch'),
    operation,
    sourceStays: 'open',
  } as const;
  const [cloned, cloning] = await timed(() => cloneDatabase(adminUrl, copy));
  say('clone alone', cloning, cloned.method);
  const [, reading] = await timed(() =>
    withOpenClone(adminUrl, { database: copy.to, operation }, (client) => fingerprint(client)),
  );
  say('fingerprint alone', reading);
  await here.asAdmin((admin) => dropDatabase(admin, copy.to, operation));

  const [snapshot, making] = await timed(() =>
    perform(takeSnapshot, { ...dependencies, ...here.attempt() }, { plan, try: 1 }),
  );
  say('snapshot: cloned and fingerprinted', making);
  const [backup, backingUp] = await timed(() =>
    perform(backUp, { ...dependencies, ...here.attempt() }, { plan, try: 1, snapshot }),
  );
  say('back-up: pg_dump -Fc in a pod, read back in full', backingUp, `${Math.round(backup.bytes / 1e6)} MB`);

  const damage = () =>
    here.on(here.fencedName, (client) => client.query('DELETE FROM papers; DROP TABLE links'));
  await damage();
  const fromSnapshot = await perform(
    restore,
    { ...dependencies, ...here.attempt() },
    { plan, try: 1, snapshot, backup },
  );
  say('DOWNTIME of restore from the snapshot, verified', fromSnapshot.seconds, fromSnapshot.from);

  // The same again from the dump.
  const failed = quoted(siblingName(here.name, 'failed', operation));
  await here.asSuperuser('postgres', `DROP DATABASE ${failed} WITH (FORCE)`);
  await here.change((record) => {
    const { swap: _, ...rest } = record;
    return { ...rest, artifacts: [] };
  });
  await damage();
  const none = { made: false, why: 'for comparison' } as const;
  const fromBackup = await perform(
    restore,
    { ...dependencies, ...here.attempt() },
    { plan, try: 1, snapshot: none, backup },
  );
  say('DOWNTIME of restore from the dump, verified', fromBackup.seconds, fromBackup.from);

  console.log(`
A dump takes ${times(backingUp, making)} as long as a snapshot, and a restore from it ${times(fromBackup.seconds, fromSnapshot.seconds)} as long.`);
} finally {
  await here.remove();
}
