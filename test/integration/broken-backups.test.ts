import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { backUp } from '../../src/activities/back-up/job.ts';
import { check } from '../../src/dumps/fill.ts';
import { withDatabase } from '../../src/postgres/connect.ts';
import type { FailureType } from '../../src/domain/failures.ts';
import {
  combinations,
  filesIn,
  insteadOfPgDump,
  smallFileSystem,
  storage,
  wanted,
  withClients,
  type Format,
  type Storage,
} from './fixtures/backup-fixture.ts';
import type { PostgresFixture } from './fixtures/postgres-fixture.ts';
import type { Backup } from '../../src/domain/backup.ts';

/** Law 1: a backup broken on purpose, in whatever way, is found; nothing that was not proved lies about. */

let fixture: PostgresFixture;
const undo: (() => unknown)[] = [];

beforeAll(async () => {
  fixture = await withClients();
  await sql(
    `CREATE TABLE bulk AS SELECT n, md5(n::text) || md5((n + 1)::text) AS noise FROM generate_series(1, 80000) n;
     ALTER TABLE bulk OWNER TO ${fixture.owner}`,
  );
});
afterEach(async () => {
  const all = undo.splice(0).toReversed();
  for (const each of all) await each();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await fixture.remove();
});

const sql = (statements: string) => fixture.asSuperuser(fixture.name, statements);
/** Ends within the table that is largest by far. */
const superuser = () => withDatabase(fixture.superuserUrl, fixture.name);

let tried = 0;
async function broken(
  { place, files, enter }: Storage,
  format: Format,
  type: FailureType,
  message: RegExp,
): Promise<void> {
  enter();
  const before = existsSync(files) ? filesIn(files) : [];
  const attempt = backUp(fixture.url, wanted(fixture, { place, format, try: ++tried }));
  await expect(attempt).rejects.toMatchObject({ type, message: expect.stringMatching(message) as string });
  if (existsSync(files)) expect(filesIn(files)).toEqual(before);
}

/** Shell: `$out` is the path that pg_dump writes to, empty where it writes to standard output. */
const target = `for arg in "$@"; do case "$arg" in --file=*) out="\${arg#--file=}";; esac; done`;
/** Shell: the largest file of the dump at `$out`. */
const largest = `[ -d "$out" ] && out="$out/$(ls -S "$out" | head -n 1)"`;

const bytesOf = (path: string) => statSync(path).size;

describe.each(combinations)('law 1: on a %s, in %s format,', (kind, format) => {
  let here: Storage;
  beforeAll(async () => {
    here = await storage(kind);
  }, 300_000);
  afterAll(() => here.remove());

  test('a pg_dump killed in the middle is found', async () => {
    const inTheMiddle =
      kind === 'bucket' && format === 'custom'
        ? `f=$(mktemp -u); mkfifo "$f"; "$REAL" "$@" > "$f" & pid=$!; head -c 500000 < "$f"; rm "$f"`
        : `"$REAL" "$@" & pid=$!
           until [ "$(du -sk "$out" 2>/dev/null | cut -f1)" -gt 300 ] 2>/dev/null; do sleep 0.01; done`;
    undo.push(insteadOfPgDump(fixture, `${target}\n${inTheMiddle}\nkill -9 $pid; kill -9 $$`));
    await broken(here, format, 'BackupFailed', /killed by SIGKILL/);
  });

  test('an archive cut short by what says that it ended well is found', async () => {
    const cut =
      kind === 'bucket' && format === 'custom'
        ? `"$REAL" "$@" | head -c 1500000; exit 0`
        : `"$REAL" "$@" || exit; ${largest}; truncate -s 700000 "$out"`;
    undo.push(insteadOfPgDump(fixture, `${target}\n${cut}`));
    await broken(here, format, 'BackupNotProved', /pg_restore ended with status 1|table bulk|ends within/);
  });

  test('bytes overwritten before the proof are found', async () => {
    const overwrite =
      kind === 'bucket' && format === 'custom'
        ? `"$REAL" "$@" | (head -c 1000000; head -c 500 | tr '\\000-\\377' '\\001-\\377\\000'; cat)`
        : `"$REAL" "$@" || exit; ${largest}; printf 'overwritten' | dd of="$out" bs=1 seek=1000000 conv=notrunc status=none`;
    undo.push(insteadOfPgDump(fixture, `${target}\n${overwrite}`));
    await broken(here, format, 'BackupNotProved', /pg_restore ended with status 1/);
  });

  test('a storage that is full is found, and what was written is taken away', async () => {
    const small = await smallFileSystem(900);
    const full = await storage(kind, small.path);
    undo.push(
      () => small.remove(),
      () => full.leave(),
    );
    await broken(full, format, 'BackupFailed', /No space left|could not write|could not be written/);
  });

  test('a storage that goes while the dump is made is found', async () => {
    const mounted = await smallFileSystem(100_000);
    const lost = await storage(kind, mounted.path);
    undo.push(
      () => mounted.remove(),
      () => lost.leave(),
    );
    const goes = lost.pid === undefined ? `umount --lazy ${mounted.path}` : `kill -9 ${lost.pid}`;
    undo.push(insteadOfPgDump(fixture, `"$REAL" "$@"; status=$?; ${goes}; exit $status`));
    await broken(lost, format, 'BackupFailed', /ENOENT|ECONNREFUSED|ECONNRESET|could not/);
  });

  test('a dump without an extension is found', async () => {
    undo.push(insteadOfPgDump(fixture, `exec "$REAL" --exclude-extension=vector "$@"`));
    await broken(here, format, 'BackupNotProved', /extension vector is not in the dump/);
  });

  test('a dump that is one row short in one table is found', async () => {
    await sql(`INSERT INTO nothing DEFAULT VALUES`);
    const psql = join(fixture.lab.postgres.bin, 'psql');
    const shorten = `${psql} -q '${superuser()}' -c 'DELETE FROM nothing WHERE ctid = (SELECT max(ctid) FROM nothing)'`;
    const withoutSnapshot = `for arg in "$@"; do shift; case "$arg" in --snapshot=*) ;; *) set -- "$@" "$arg";; esac; done`;
    undo.push(insteadOfPgDump(fixture, `${shorten}; ${withoutSnapshot}; exec "$REAL" "$@"`));
    await broken(here, format, 'BackupNotProved', /table nothing: 7 rows in the dump, 8 in the database/);
  });

  test('a dump without the rows of a table is found', async () => {
    undo.push(insteadOfPgDump(fixture, `exec "$REAL" --exclude-table-data=papers "$@"`));
    await broken(here, format, 'BackupNotProved', /table papers is not in the dump/);
  });

  test('a dump without indexes, keys and triggers is found', async () => {
    undo.push(insteadOfPgDump(fixture, `exec "$REAL" --section=pre-data --section=data "$@"`));
    const found =
      /index public\.papers_embedding is not in the dump.*constraint papers_pkey on public\.papers is/s;
    await broken(here, format, 'BackupNotProved', found);
  });

  test('a dump without the values of sequences is found', async () => {
    undo.push(insteadOfPgDump(fixture, `exec "$REAL" '--exclude-table-data=*_seq' "$@"`));
    const found = /sequence papers_id_seq: its value is not in the dump, 2000 called in the database/;
    await broken(here, format, 'BackupNotProved', found);
  });

  test('rows that row security hides from the owner make the backup fail, whatever pg_dump is told', async () => {
    await sql(`ALTER TABLE papers FORCE ROW LEVEL SECURITY`);
    undo.push(() => sql(`ALTER TABLE papers NO FORCE ROW LEVEL SECURITY`));
    await broken(here, format, 'BackupFailed', /row-level security/);
    undo.push(insteadOfPgDump(fixture, `exec "$REAL" --enable-row-security "$@"`));
    await broken(here, format, 'BackupFailed', /row-level security/);
  });

  describe('once proved,', () => {
    let backup: Backup;
    const asProved = () => ({ operation: fixture.operation, place: here.place, ...backup });
    /** The dump's file, or its largest one. */
    const file = () => {
      const path = join(here.files, backup.file);
      if (format === 'custom') return path;
      const names = readdirSync(path).toSorted((a, b) => bytesOf(join(path, b)) - bytesOf(join(path, a)));
      return join(path, names[0] ?? '');
    };
    beforeAll(async () => {
      here.enter();
      backup = await backUp(fixture.url, wanted(fixture, { place: here.place, format, try: ++tried }));
    });

    test('it is found as it was', async () => {
      await expect(check(asProved())).resolves.toEqual({ sha256: backup.sha256 });
    });

    test('one byte changed at rest is found', async () => {
      const bytes = readFileSync(file());
      const at = Math.floor(bytes.length * 0.7);
      bytes[at] = (bytes[at] ?? 0) ^ 0x01;
      writeFileSync(file(), bytes);
      await expect(check(asProved())).rejects.toMatchObject({ type: 'BackupNotProved' });
    });

    test('cut short at rest is found', async () => {
      truncateSync(file(), bytesOf(file()) - 1);
      await expect(check(asProved())).rejects.toMatchObject({ type: 'BackupNotProved' });
    });

    test('gone is found', async () => {
      rmSync(join(here.files, backup.file), { recursive: true });
      await expect(check(asProved())).rejects.toMatchObject({ type: 'BackupNotProved' });
    });
  });
});

describe('law 1: clients', () => {
  let here: Storage;
  beforeAll(async () => {
    here = await storage('volume');
    here.enter();
  });
  afterAll(() => here.remove());

  test('only a pg_dump of another major: no backup, and it is not even started', async () => {
    const before = process.env['PATH'] ?? '';
    const started = join(mkdtempSync(join(tmpdir(), 'started-')), 'it-was');
    const other = `touch ${started}; exec "$REAL" "$@"`;
    undo.push(insteadOfPgDump(fixture, other, 'pg_dump (PostgreSQL) 9.6.24'));
    const alone = (process.env['PATH'] ?? '').replace(`:${before}`, ':/bin');
    vi.stubEnv('PATH', alone);
    await broken(
      here,
      'custom',
      'BackupFailed',
      new RegExp(`PostgreSQL ${fixture.lab.postgres.major}, but .* no pg_dump.*Found: .*9\\.6\\.24`),
    );
    expect(existsSync(started)).toBe(false);
  });

  test('a pg_dump of another major first on PATH is passed over', async () => {
    undo.push(insteadOfPgDump(fixture, 'exit 1', 'pg_dump (PostgreSQL) 9.6.24'));
    const backup = await backUp(fixture.url, wanted(fixture, { place: here.place, try: ++tried }));
    expect(backup.client).toContain(`(PostgreSQL) ${fixture.lab.postgres.major}.`);
  });
});
