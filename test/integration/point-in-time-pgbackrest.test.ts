import { existsSync } from 'node:fs';
import { mkdir, readFile, readlink, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import getPort from 'get-port';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pgbackrest } from '../../src/recovery/pgbackrest.ts';
import type { Watch, RestoreRequest } from '../../src/recovery/provider.ts';
import { archived, type Archived } from './fixtures/pgbackrest-cluster.ts';

let here: Archived;
beforeAll(async () => {
  here = await archived();
  await here.sql(`CREATE TABLESPACE fast LOCATION '${join(here.directory, '../tablespace')}'`);
  await here.sql('CREATE DATABASE radar');
  await here.sql(
    `CREATE TABLE papers (id int PRIMARY KEY, title text, score float);
     CREATE TABLE notes (id int PRIMARY KEY, text text) TABLESPACE fast;
     CREATE TABLE alembic_version (version_num text);
     INSERT INTO alembic_version VALUES ('0004');
     INSERT INTO papers SELECT n, 'paper ' || n, n / 7.0 FROM generate_series(1, 5000) n;
     INSERT INTO notes SELECT n, 'note ' || n FROM generate_series(1, 100) n`,
    'radar',
  );
});
afterAll(() => here?.remove());

const watching = (signal = new AbortController().signal): Watch & { said: string[] } => {
  const said: string[] = [];
  return { signal, said, onProgress: (doing) => said.push(doing) };
};
const contents = (port?: number) =>
  here.sql<{ sum: string }>(
    `SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) AS sum FROM (
       SELECT p::text FROM papers p UNION ALL SELECT n::text FROM notes n
       UNION ALL SELECT version_num FROM alembic_version) t`,
    'radar',
    port,
  );
const now = async () =>
  (await here.sql<{ now: Date }>('SELECT clock_timestamp() AS now'))[0]?.now ?? new Date();
const restoreRequest = (to: Date, operation: string): RestoreRequest => ({
  to,
  name: `radar-${operation}`,
  operation,
  within: 60_000,
});
const fresh = async () => pgbackrest(here.definition(await getPort({ host: here.host })), { every: 100 });

/** A moment in whole seconds at which the last commit is over, and nothing else has been written. */
async function recoveryTime(): Promise<Date> {
  await pause(1_000 - ((await now()).getTime() % 1_000) + 50);
  const to = new Date(Math.floor((await now()).getTime() / 1_000) * 1_000);
  await here.sql('CREATE TABLE IF NOT EXISTS later (); DROP TABLE later');
  return to;
}

test('pgBackRest: a real cluster goes back to just before a bad migration, tablespaces too, beside the running one', async () => {
  const before = await contents();
  const to = await recoveryTime();
  await here.sql(
    `ALTER TABLE papers DROP COLUMN score; DELETE FROM papers WHERE id % 2 = 0; TRUNCATE notes;
     UPDATE alembic_version SET version_num = '0005'`,
    'radar',
  );
  const after = await here.sql('SELECT * FROM papers ORDER BY id', 'radar');
  const provider = await fresh();
  const window = await provider.describe(watching().signal);
  expect(window.earliest.getTime()).toBeLessThan(to.getTime());
  expect(window.latest.getTime()).toBeGreaterThanOrEqual(to.getTime());

  const made = await provider.restore(restoreRequest(to, 'bs-00000001'), watching());
  expect(await contents(made.endpoint.port)).toEqual(before);
  const [state] = await here.sql<{ recovers: boolean; archives: string; data: string }>(
    `SELECT pg_is_in_recovery() AS recovers, current_setting('archive_mode') AS archives,
            current_setting('data_directory') AS data`,
    'radar',
    made.endpoint.port,
  );
  // Writable, and kept from writing into the repository of the running one.
  expect(state).toEqual({
    recovers: false,
    archives: 'off',
    data: join(here.directory, 'radar-bs-00000001'),
  });
  await here.sql('INSERT INTO papers VALUES (9999, $$new$$, 1)', 'radar', made.endpoint.port);
  expect(await here.sql('SELECT * FROM papers ORDER BY id', 'radar')).toEqual(after);
  expect(made.notes.join()).toContain('archive_mode');
});

test('law 8: pgBackRest: a worker that dies while it restores: the next one finds the restore', async () => {
  const to = await recoveryTime();
  const provider = await fresh();
  const first = new AbortController();
  const lost = provider.restore(restoreRequest(to, 'bs-00000002'), {
    ...watching(first.signal),
    onProgress: (doing) => {
      if (doing.startsWith('copied')) first.abort(new Error('shut down'));
    },
  });
  await expect(lost).rejects.toThrow('shut down');
  await provider.restore(restoreRequest(to, 'bs-00000002'), watching());
  expect(await begun('bs-00000002')).toBe(1);
  // And once more, when all is done.
  await provider.restore(restoreRequest(to, 'bs-00000002'), watching());
  expect(await begun('bs-00000002')).toBe(1);
});

test('law 8: pgBackRest: a restore that was killed half-way is taken up', async () => {
  const to = await recoveryTime();
  const provider = await fresh();
  let killed = false;
  const made = await provider.restore(restoreRequest(to, 'bs-00000003'), {
    ...watching(),
    onProgress: (doing) => {
      if (killed || !doing.startsWith('copied')) return;
      killed = true;
      void killAll('bs-00000003');
    },
  });
  expect(killed).toBe(true);
  expect(await contents(made.endpoint.port)).toEqual(await contents());
});

test('pgBackRest: a moment after the last commit cannot be reached, and that is said', async () => {
  const provider = await fresh();
  await expect(
    provider.restore(restoreRequest(new Date(Date.now() + 3_600_000), 'bs-00000007'), watching()),
  ).rejects.toMatchObject({
    type: 'NotRestorable',
    message: expect.stringContaining('recovery target') as string,
  });
});

test('law 7: pgBackRest: what is in the place of the new cluster and is not ours is left alone', async () => {
  const place = join(here.directory, 'radar-bs-00000004');
  await mkdir(place);
  await writeFile(join(place, 'PG_VERSION'), '15\n');
  const provider = await fresh();
  await expect(provider.restore(restoreRequest(new Date(), 'bs-00000004'), watching())).rejects.toMatchObject(
    {
      type: 'NotRestorable',
      message: expect.stringContaining(place) as string,
    },
  );
  expect(await readdir(place)).toEqual(['PG_VERSION']);
  // Nor is what another operation made.
  const taken = { ...restoreRequest(new Date(), 'bs-00000005'), name: 'radar-bs-00000001' };
  await expect(provider.restore(taken, watching())).rejects.toMatchObject({ type: 'NotRestorable' });
});

test('pgBackRest: a moment before the first backup, no stanza, no host, no program: each is said', async () => {
  const provider = await fresh();
  await expect(
    provider.restore(restoreRequest(new Date(Date.now() - 3_600_000), 'bs-00000006'), watching()),
  ).rejects.toMatchObject({ type: 'NotRestorable' });
  const definition = here.definition(1);
  const described = (changes: object) =>
    pgbackrest({ ...definition, ...changes }).describe(watching().signal);
  await expect(described({ stanza: 'nobody' })).rejects.toMatchObject({ type: 'NotRestorable' });
  await expect(
    described({ run: ['ssh', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=2', '-p', '9', '127.0.0.1'] }),
  ).rejects.toMatchObject({
    type: expect.stringMatching(/Provider(Unreachable|Refused)/) as string,
  });
  await expect(described({ run: ['no-such-program'] })).rejects.toMatchObject({ type: 'ProviderRefused' });
  expect(existsSync(join(here.directory, 'nobody'))).toBe(false);
});

/** How often the restore there was begun. */
async function begun(operation: string): Promise<number> {
  const log = await readFile(join(here.directory, `radar-${operation}.backstep/log`), 'utf8');
  return log.match(/the restore begins/g)?.length ?? 0;
}

/** SIGKILL to every process of that restore, as when the host's memory runs out. */
async function killAll(operation: string): Promise<void> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const program = await readlink(`/proc/${pid}/exe`).catch(() => '');
    if (!line.includes(`radar-${operation}`) || program.includes('postgres')) continue;
    process.kill(Number(pid), 'SIGKILL');
  }
}
