import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { proveFits } from '../../src/probes/source-fits.ts';
import type { ProbeContext } from '../../src/probes/context.ts';
import type { FoundSource } from '../../src/probes/source.ts';
import type { ServerFacts } from '../../src/probes/server.ts';
import { backUp } from '../../src/activities/back-up/job.ts';
import { revisionIn } from '../../src/migrations/version-table.ts';
import { readDump, type ReadDumpArguments } from '../../src/dumps/read-dump.ts';
import { serviceDefinition } from '../../src/domain/definition/service.ts';
import { definitionSource, exampleTool } from '../example-plan.ts';
import { postgresFixture, type PostgresFixture } from './fixtures/postgres-fixture.ts';
import type { Backup } from '../../src/domain/backup.ts';

let fixture: PostgresFixture;
const volume = mkdtempSync(join(tmpdir(), 'source-'));
const made: Backup[] = [];

beforeAll(async () => {
  fixture = await postgresFixture();
  vi.stubEnv('BACKSTEP_BACKUPS', volume);
  vi.stubEnv('PATH', `${fixture.lab.postgres.bin}${delimiter}${process.env['PATH']}`);
  vi.stubEnv('DATABASE_URL', fixture.url);
  mkdirSync(join(volume, 'dumps'));
  for (const format of ['custom', 'directory'] as const) {
    made.push(
      await backUp(fixture.url, {
        service: 'radar',
        operation: fixture.operation,
        try: made.length + 1,
        place: { kind: 'claim', settings: 'backups' },
        directory: 'radar',
        format,
        jobs: 2,
        compression: { method: 'gzip', level: 1 },
        proof: 'read',
        keepFor: 1_000,
      }),
    );
    await pause(20);
  }
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await fixture.remove();
  rmSync(volume, { recursive: true });
});

const read = async (from: ReadDumpArguments['from'], service = 'radar') => {
  const { source, versionRows, ...found } = await readDump({
    operation: fixture.operation,
    service,
    place: { kind: 'claim', settings: 'backups' },
    directory: service,
    from,
    versionTable: 'public.alembic_version',
  });
  return { ...found, source: { ...source, revision: revisionIn(versionRows, exampleTool) } };
};

describe('a proven backup', () => {
  test('the newest one, in directory format, with the revision in it', async () => {
    const { source, notes } = await read({ backup: undefined });
    expect(source).toMatchObject({
      kind: 'backup',
      revision: '0005',
      counts: { papers: 2_000, 'ledger.entries': 400 },
      extensions: ['vector'],
      backup: { file: made[1]?.file, format: 'directory' },
    });
    expect(notes).toEqual([]);
  });

  test('one by its name, with or without its path and ending', async () => {
    const names = [`${fixture.operation}-1`, `${fixture.operation}-1.dump`, made[0]?.file];
    for (const backup of names)
      expect((await read({ backup })).source).toMatchObject({
        backup: { file: made[0]?.file },
        revision: '0005',
      });
  });

  test('one that is not there is refused, with those that are', async () => {
    await expect(read({ backup: 'bs-ffffffff-1' })).rejects.toMatchObject({
      type: 'SourceUnusable',
      message: expect.stringMatching(/named bs-ffffffff-1.*There is: radar\/bs-/s) as string,
    });
    await expect(read({ backup: undefined }, 'other')).rejects.toMatchObject({
      message: expect.stringContaining('There is: none.') as string,
    });
  });

  test('one that changed since it was proved is passed over and told; by its name it is refused', async () => {
    const file = join(volume, made[1]?.file ?? '', 'toc.dat');
    const bytes = readFileSync(file);
    writeFileSync(file, Buffer.concat([bytes, Buffer.from('x')]));
    const { source, notes } = await read({ backup: undefined });
    expect(source).toMatchObject({ backup: { file: made[0]?.file } });
    expect(notes).toEqual([expect.stringContaining(`${made[1]?.file} of`) as string]);
    await expect(read({ backup: `${fixture.operation}-2` })).rejects.toMatchObject({
      message: expect.stringContaining('has another SHA-256 than when it was proved') as string,
    });
    writeFileSync(file, bytes);
  });
});

async function faultsOf(found: FoundSource, change: object = {}): Promise<string[]> {
  const source = definitionSource('radar');
  const service = serviceDefinition.parse({
    ...source,
    database: { ...source.database, tables: ['papers', 'ledger.entries'], ...change },
  });
  const facts = {
    adminUrl: fixture.adminUrl,
    serverMajor: fixture.lab.postgres.major,
    admin: { role: 'backstep', superuser: false },
  } as ServerFacts;
  const context = { service, operation: fixture.operation } as ProbeContext;
  const { faults } = await proveFits(context, found, facts);
  return faults.map(({ type, message }) => `${type}: ${message}`);
}

describe('whether it is of this service, and this server can take it', () => {
  const extensionAdmin = { extensionAdmin: { secret: 'extensions', key: 'DATABASE_URL' } };

  test('the dump of the database itself fits, its partitioned table included', async () => {
    execFileSync('bash', ['-c', `pg_dump "$DATABASE_URL" | gzip > ${join(volume, 'dumps/own.sql.gz')}`]);
    expect(await faultsOf(await read({ file: 'dumps/own.sql.gz' }), extensionAdmin)).toEqual([]);
  });

  test('the dump of another database is refused, with every fault', async () => {
    const command = `pg_dump --table=nothing "$DATABASE_URL" | sed 's/${fixture.owner}/somebody_else/' > ${join(volume, 'dumps/other.sql')}`;
    execFileSync('bash', ['-c', command]);
    const faults = await faultsOf(await read({ file: 'dumps/other.sql' }));
    expect(faults).toEqual([
      expect.stringMatching(/^SourceUnusable: .* holds no table papers, ledger\.entries of the definition/),
      expect.stringMatching(/^SourceUnusable: .* has no extension vector/),
      expect.stringMatching(/^SourceUnusable: .* names roles that this server has not: somebody_else/),
    ]);
  });

  test('without anybody who may create pgvector it is refused before anything is touched', async () => {
    const faults = await faultsOf(await read({ backup: undefined }), {});
    expect(faults).toEqual([
      expect.stringContaining('DatabaseRightMissing: Extension vector is not trusted') as string,
    ]);
  });
});
