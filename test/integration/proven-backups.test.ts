import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { backUp } from '../../src/activities/back-up/job.ts';
import { drill } from '../../src/activities/back-up/drill-job.ts';
import { restoreArguments, type Manifest } from '../../src/dumps/manifest.ts';
import { withClient, withDatabase, type Client } from '../../src/postgres/connect.ts';
import { createDatabase, dropDatabase } from '../../src/postgres/databases.ts';
import { fingerprint } from '../../src/postgres/fingerprint.ts';
import { siblingName } from '../../src/domain/names.ts';
import { examplePlan } from '../example-plan.ts';
import {
  combinations,
  filesIn,
  insteadOfPgDump,
  storage,
  wanted,
  withClients,
  type Storage,
} from './fixtures/backup-fixture.ts';
import type { PostgresFixture } from './fixtures/postgres-fixture.ts';
import type { Backup } from '../../src/domain/backup.ts';

let fixture: PostgresFixture;
let scratch: string;
const undo: (() => unknown)[] = [];

beforeAll(async () => {
  fixture = await withClients();
  scratch = siblingName(fixture.name, 'drill', fixture.operation);
});
afterEach(async () => {
  for (const each of undo.splice(0).toReversed()) await each();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await fixture.remove();
});

const asAdmin = <T>(use: (admin: Client) => Promise<T>) =>
  withClient(fixture.adminUrl, { operation: fixture.operation }, use);
const on = <T>(database: string, use: (client: Client) => Promise<T>) =>
  withClient(withDatabase(fixture.adminUrl, database), { operation: fixture.operation }, use);

/** As the activity does: a scratch database with the extensions, then the Job's program. */
async function drilled({ place }: Storage, backup: Backup): Promise<Backup> {
  await asAdmin((admin) =>
    createDatabase(admin, {
      name: scratch,
      like: fixture.name,
      extensions: backup.installed ?? [],
      adminUrl: fixture.adminUrl,
      extensionAdminUrl: fixture.superuserUrl,
      operation: fixture.operation,
    }),
  );
  undo.push(() => asAdmin((admin) => dropDatabase(admin, scratch, fixture.operation)));
  const { service } = examplePlan();
  const { kind, settings } = place;
  const definition = { ...service, backup: { ...service.backup, claim: undefined, [kind]: settings } };
  return drill(
    withDatabase(fixture.adminUrl, scratch),
    restoreArguments(definition, fixture.operation, backup),
  );
}

describe.each(combinations)('on a %s, in %s format,', (kind, format) => {
  const directory = kind === 'bucket' ? 'backstep/production/radar' : 'radar';
  let here: Storage;
  let backup: Backup;
  const manifest = () => JSON.parse(readFileSync(join(here.files, backup.manifest), 'utf8')) as Manifest;

  beforeAll(async () => {
    here = await storage(kind);
    here.enter();
    backup = await backUp(
      fixture.url,
      wanted(fixture, { place: here.place, directory, format, proof: 'restore' }),
    );
  }, 300_000);
  afterAll(() => here.remove());

  test('a backup is read back, says where it lies, and has a manifest beside it', async () => {
    const stem = `${directory}/${fixture.operation}-1`;
    expect(backup).toMatchObject({
      store: kind === 'bucket' ? 's3://dumps' : 'volume claim backups',
      file: `${stem}.dump`,
      manifest: `${stem}.json`,
      format,
      proof: 'read',
    });
    const files = filesIn(here.files);
    const dumps = files.filter((path) => path.startsWith(backup.file));
    expect(files).toEqual([...dumps, backup.manifest].toSorted());
    expect(dumps.length > 1).toBe(format === 'directory');
    const bytes = dumps.reduce((sum, path) => sum + statSync(join(here.files, path)).size, 0);
    expect(backup.bytes).toBe(bytes);
    if (format === 'directory') {
      const byHand = 'sha256sum * | LC_ALL=C sort -k2 | sha256sum';
      const { stdout } = await execa('sh', ['-c', byHand], { cwd: join(here.files, backup.file) });
      expect(stdout).toBe(`${backup.sha256}  -`);
    }
    expect(manifest().backup).toEqual(backup);
  });

  test('a second run finds it, and makes no other', async () => {
    const before = filesIn(here.files).map((path) => statSync(join(here.files, path)).mtimeMs);
    const again = await backUp(
      fixture.url,
      wanted(fixture, {
        place: here.place,
        directory,
        format,
      }),
    );
    expect(again).toEqual(backup);
    expect(filesIn(here.files).map((path) => statSync(join(here.files, path)).mtimeMs)).toEqual(before);
  });

  test('a restore drill gives back contents, identities, sequences, owners and large objects', async () => {
    const proved = await drilled(here, backup);
    expect(proved).toMatchObject({ ...backup, proof: 'restore', seconds: expect.any(Number) as number });
    expect(proved.drill?.join()).toMatch(/contents of 6 tables, 1 sequences, 2 large objects/);
    expect(manifest().backup).toEqual(proved);
    const original = await on(fixture.name, (client) => fingerprint(client));
    expect((await on(scratch, (client) => fingerprint(client))).parts).toEqual(original.parts);
    await on(scratch, async (client) => {
      const { rows } = await client.query<{ id: string; words: string }>(
        `INSERT INTO papers (title) VALUES ('Next') RETURNING id, words`,
      );
      expect(rows).toEqual([{ id: '2001', words: 'next' }]);
    });
  });
});

describe('a restore drill', () => {
  let here: Storage;
  beforeAll(async () => {
    here = await storage('volume');
    here.enter();
  });
  afterAll(() => here.remove());

  test('finds contents that changed although every count is the same', async () => {
    const psql = join(fixture.lab.postgres.bin, 'psql');
    const url = withDatabase(fixture.superuserUrl, fixture.name);
    const change = `${psql} -q '${url}' -c "UPDATE papers SET title = 'another' WHERE id = 7"`;
    const withoutSnapshot = `for arg in "$@"; do shift; case "$arg" in --snapshot=*) ;; *) set -- "$@" "$arg";; esac; done`;
    undo.push(insteadOfPgDump(fixture, `${change}; ${withoutSnapshot}; exec "$REAL" "$@"`));
    const read = await backUp(fixture.url, wanted(fixture, { place: here.place, proof: 'restore', try: 2 }));
    await expect(drilled(here, read)).rejects.toMatchObject({
      type: 'BackupNotProved',
      message: expect.stringMatching(
        /table papers: 2000 rows restored, 2000 dumped, with other contents/,
      ) as string,
    });
    const manifest = readFileSync(join(here.files, read.manifest), 'utf8');
    expect(JSON.parse(manifest)).toMatchObject({ backup: { proof: 'read' } });
  });

  test('of a dump that changed does not begin', async () => {
    const read = await backUp(fixture.url, wanted(fixture, { place: here.place, proof: 'restore', try: 3 }));
    await expect(drilled(here, { ...read, sha256: '0'.repeat(64) })).rejects.toMatchObject({
      type: 'BackupNotProved',
      message: expect.stringContaining('has changed') as string,
    });
  });
});

describe('compression', () => {
  let here: Storage;
  beforeAll(async () => {
    here = await storage('volume');
    here.enter();
  });
  afterAll(() => here.remove());

  test('is as the definition wants it', async () => {
    const sizes: number[] = [];
    for (const [index, compression] of (
      [{ method: 'none' }, { method: 'gzip' }, { method: 'gzip', level: 9 }] as const
    ).entries()) {
      const made = await backUp(
        fixture.url,
        wanted(fixture, { place: here.place, compression, try: 10 + index }),
      );
      sizes.push(made.bytes);
    }
    const [none = 0, fastest = 0, best = 0] = sizes;
    expect(none).toBeGreaterThan(3 * fastest);
    expect(best).not.toBe(fastest);
  });

  test('that the pg_dump of the image cannot do is named', async () => {
    const real = join(fixture.lab.postgres.bin, 'pg_dump');
    const asked = ['--format=custom', '--compress=zstd:1', '--file=/dev/null', fixture.url];
    const { stderr } = await execa(real, asked, { reject: false });
    const attempt = backUp(
      fixture.url,
      wanted(fixture, { place: here.place, compression: { method: 'zstd' }, try: 20 }),
    );
    if (stderr === '') await attempt;
    else
      await expect(attempt).rejects.toMatchObject({
        type: 'BackupFailed',
        message: expect.stringMatching(/ZSTD/i) as string,
      });
  });
});
