import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { backUp } from '../src/activities/back-up/job.ts';
import { drill } from '../src/activities/back-up/drill-job.ts';
import { restoreArguments, type BackUpArguments } from '../src/dumps/manifest.ts';
import { withClient, withDatabase } from '../src/postgres/connect.ts';
import { createDatabase, dropDatabase } from '../src/postgres/databases.ts';
import type { Place } from '../src/domain/definition/dump-place.ts';
import { siblingName } from '../src/domain/names.ts';
import { s3Server } from '../lab/s3.ts';
import { examplePlan } from '../test/example-plan.ts';
import { postgresFixture } from '../test/integration/fixtures/postgres-fixture.ts';

// What a backup costs, by format, compression and proof: `npx tsx bench/backup.ts [megabytes]`, after `npm run lab -- --on-disk`.
// Seconds depend on the machine and on who else uses it; the ratios are of one run.

const megabytes = Number(process.argv[2] ?? 400);
const fixture = await postgresFixture();
const volume = mkdtempSync(join(tmpdir(), 'bench-'));
const s3 = await s3Server('127.0.0.1');
const claim: Place = { kind: 'claim', settings: 'bench' };
const bucket: Place = {
  kind: 's3',
  settings: { bucket: s3.bucket, region: 'us-east-1', endpoint: s3.endpoint, forcePathStyle: true },
};
Object.assign(process.env, {
  BACKSTEP_BACKUPS: volume,
  AWS_ACCESS_KEY_ID: s3.accessKeyId,
  AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
  PATH: `${fixture.lab.postgres.bin}${delimiter}${process.env['PATH']}`,
});
// Progress of the Job's programs is no result of ours.
const print = process.stdout.write.bind(process.stdout);
process.stdout.write = () => true;

type How = Pick<BackUpArguments, 'format' | 'compression'> & { place: Place };
let tried = 0;

async function measured(what: string, how: How): Promise<void> {
  const wanted: BackUpArguments = {
    service: 'bench',
    operation: fixture.operation,
    try: ++tried,
    directory: 'bench',
    jobs: 2,
    proof: 'restore',
    keepFor: 1,
    ...how,
  };
  const backup = await backUp(fixture.url, wanted);
  const scratch = siblingName(fixture.name, 'drill', fixture.operation);
  await withClient(fixture.adminUrl, {}, (admin) =>
    createDatabase(admin, {
      name: scratch,
      like: fixture.name,
      extensions: backup.installed ?? [],
      adminUrl: fixture.adminUrl,
      extensionAdminUrl: fixture.superuserUrl,
      operation: fixture.operation,
    }),
  );
  const { service } = examplePlan();
  const { kind, settings } = how.place;
  const definition = { ...service, backup: { ...service.backup, claim: undefined, [kind]: settings } };
  const began = Date.now();
  await drill(
    withDatabase(fixture.adminUrl, scratch),
    restoreArguments(definition, fixture.operation, backup),
  );
  const drilled = (Date.now() - began) / 1_000;
  await withClient(fixture.adminUrl, {}, (admin) => dropDatabase(admin, scratch, fixture.operation));
  const size = (backup.bytes / 1e6).toFixed(0);
  print(
    `| ${what} | ${backup.seconds.toFixed(1)} | ${drilled.toFixed(1)} | ${size} | ${(process.memoryUsage().rss / 1e6).toFixed(0)} |\n`,
  );
}

try {
  // Four tables of the same size, half of it text and half vectors: about 2 kB a row.
  const rows = Math.round((megabytes * 1e6) / 2_000 / 4);
  for (const table of ['a', 'b', 'c', 'd']) {
    await fixture.asSuperuser(
      fixture.name,
      `CREATE TABLE bench_${table} AS
         SELECT n, (SELECT string_agg(md5(n::text || i), ' ') FROM generate_series(1, 30) i) AS text,
                (SELECT array_agg(sin(n * i)::real) FROM generate_series(1, 250) i)::tools.vector(250) AS embedding
         FROM generate_series(1, ${rows}) n;
       ALTER TABLE bench_${table} OWNER TO ${fixture.owner}`,
    );
  }
  const { rows: sizes } = await withClient(fixture.url, {}, (client) =>
    client.query<{ size: string }>('SELECT pg_database_size(current_database()) AS size'),
  );
  print(`Database of ${(Number(sizes[0]?.size) / 1e6).toFixed(0)} MB\n\n`);
  print(`| backup | dump and read back, s | restore drill, s | MB | process, MB |\n|---|---|---|---|---|\n`);
  const gzip = { method: 'gzip' } as const;
  await measured('claim, custom, none', { place: claim, format: 'custom', compression: { method: 'none' } });
  await measured('claim, custom, gzip 1', { place: claim, format: 'custom', compression: gzip });
  await measured('claim, custom, gzip 6', {
    place: claim,
    format: 'custom',
    compression: { ...gzip, level: 6 },
  });
  await measured('claim, directory, gzip 1, 2 jobs', {
    place: claim,
    format: 'directory',
    compression: gzip,
  });
  await measured('bucket, custom, gzip 1', { place: bucket, format: 'custom', compression: gzip });
  await measured('bucket, directory, gzip 1, 2 jobs', {
    place: bucket,
    format: 'directory',
    compression: gzip,
  });
} finally {
  await fixture.remove();
  await s3.remove();
  rmSync(volume, { recursive: true });
}
