import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, vi } from 'vitest';
import { current, up } from '../../lab/lab.ts';
import { putBackSalvage } from '../../src/activities/salvage/put-back-job.ts';
import { salvage, type SalvageResult } from '../../src/activities/salvage/job.ts';
import { quoted, withClient, withDatabase } from '../../src/postgres/connect.ts';
import type { Place } from '../../src/domain/definition/dump-place.ts';
import type { Loss } from '../../src/domain/rehearsal.ts';
import { contents } from './contents.ts';

const run = promisify(execFile);

/** A change of the schema, there and back. */
export interface Change {
  upgrade: string;
  /** Written at the newer revision. */
  written?: string;
  downgrade: string;
  losses: Loss[];
  withCopy?: boolean;
}

export type SalvageFixture = Awaited<ReturnType<typeof salvageFixture>>;

const execute = (address: string, text: string) =>
  withClient(address, {}, async (client) => (await client.query(text)).rows as unknown[]);

/** A database of an owner who is no superuser, a place for salvage files, and the real programs. */
export async function salvageFixture() {
  const lab = (await current()) ?? (await up());
  const id = randomBytes(4).toString('hex');
  const database = `salvage "of" ${id}`;
  const copy = `salvage copy ${id}`;
  const owner = `salvage_${id}`;
  const operation = `bs-${id}`;
  const volume = mkdtempSync(join(tmpdir(), 'salvage-'));
  const { host, port, superuserUrl, bin } = lab.postgres;
  vi.stubEnv('BACKSTEP_BACKUPS', volume);
  vi.stubEnv('PATH', `${bin}${delimiter}${process.env['PATH']}`);
  let tries = 0;

  const asSuperuser = (text: string, on = 'postgres') => execute(withDatabase(superuserUrl, on), text);
  const address = (on: string, scheme = 'postgresql+psycopg') =>
    withDatabase(`${scheme}://${owner}:secret@${host}:${port}/x`, on);
  const drop = async () => {
    for (const each of [database, copy])
      await asSuperuser(`DROP DATABASE IF EXISTS ${quoted(each)} WITH (FORCE)`);
  };
  await asSuperuser(`CREATE ROLE ${owner} LOGIN PASSWORD 'secret'`);

  const fixture = {
    volume,
    /** An empty database in place of the last one. */
    async fresh() {
      await drop();
      await asSuperuser(`CREATE DATABASE ${quoted(database)} OWNER ${owner}`);
      await asSuperuser(`CREATE EXTENSION vector`, database);
    },
    async remove() {
      await drop();
      await asSuperuser(`DROP ROLE ${owner}`);
      rmSync(volume, { recursive: true });
      vi.unstubAllEnvs();
    },
    sql: (text: string, on = database) => execute(address(on), text),
    contents: () => withClient(address(database), {}, contents),
    fileOf: ({ saved: kept }: SalvageResult): string => join(volume, kept?.file ?? 'nothing'),
    keep: (losses: Loss[], options: { withCopy?: boolean; tried?: number; place?: Place } = {}) =>
      salvage(address(database), {
        service: 'radar',
        operation,
        place: options.place ?? { kind: 'claim', settings: 'backups' },
        directory: 'radar',
        try: options.tried ?? ++tries,
        from: '0005',
        target: '0004',
        losses,
        ownTables: ['alembic_version'],
        ...(options.withCopy === true && { copy }),
      }),
    /** What the command of the report runs in its pod. */
    putBackInPod: (
      file: { file: string; sha256: string; partly?: boolean },
      place: Place = { kind: 'claim', settings: 'backups' },
    ) => putBackSalvage(address(database), { operation, place, ...file }),
    /** The command that the head of the script names. */
    async putBack(result: SalvageResult, options = ''): Promise<string> {
      const environment = {
        ...process.env,
        FILE: fixture.fileOf(result),
        DATABASE_URL: address(database, 'postgresql'),
        PGOPTIONS: options,
      };
      const command = 'gunzip --stdout "$FILE" | psql "$DATABASE_URL" -X -v ON_ERROR_STOP=1';
      const { stderr } = await run('bash', ['-o', 'pipefail', '-c', command], { env: environment });
      return stderr;
    },
    /** Upgrade, write, salvage, downgrade, upgrade again, put back: all is as it was; twice changes nothing. */
    async roundTrip({ upgrade, written = '', downgrade, losses, withCopy = true }: Change) {
      await fixture.sql(upgrade);
      await fixture.sql(written);
      const before = await fixture.contents();
      if (withCopy) {
        await asSuperuser(
          `CREATE DATABASE ${quoted(copy)} TEMPLATE ${quoted(database)} OWNER ${owner} STRATEGY file_copy`,
        );
        await fixture.sql(downgrade, copy);
      }
      const result = await fixture.keep(losses, { withCopy });
      expect(await fixture.contents()).toEqual(before);
      await fixture.sql(downgrade);
      await fixture.sql(upgrade);
      const said = await fixture.putBack(result);
      expect(await fixture.contents(), said).toEqual(before);
      await fixture.putBack(result);
      expect(await fixture.contents()).toEqual(before);
      return { result, said };
    },
  };
  return fixture;
}

export const table = (object: string, rows: number): Loss => ({ kind: 'table', object, rows });
export const column = (object: string, rows: number, values = rows): Loss => ({
  kind: 'column',
  object,
  rows,
  values,
});

export const papers = `CREATE TABLE papers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title text NOT NULL);
  INSERT INTO papers (title) SELECT 'Paper ' || n FROM generate_series(1, 60) n;`;
