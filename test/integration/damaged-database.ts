import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSnapshot } from '../../src/probes/snapshots.ts';
import type { Attempt, Dependencies } from '../../src/activities/context.ts';
import { lower, raise } from '../../src/postgres/fence.ts';
import { cloneDatabase } from '../../src/postgres/clones.ts';
import { withClient } from '../../src/postgres/connect.ts';
import { siblingName, type OperationId } from '../../src/domain/names.ts';
import type { EmergencyPlan, RollbackPlan } from '../../src/domain/plan/plan.ts';
import type { ServiceDefinitionSource } from '../../src/domain/definition/service.ts';
import { directory as storageIn } from '../../src/storage/storage.ts';
import { emergencyPlan, examplePlan, exampleTool } from '../example-plan.ts';
import { backstepProgram } from '../fake-cluster-programs.ts';
import { fakeCluster } from '../fake-cluster.ts';
import type { PostgresServer } from './postgres-server.ts';

export const attempt: Attempt = {
  signal: new AbortController().signal,
  cancelRequested: () => false,
  progress: () => {},
  log: { info: () => {}, warn: () => {} },
};

export const reading = { tool: exampleTool, signal: attempt.signal };

/** A database, a snapshot from before its damage, and both kinds of operation on it. */
export interface Damaged {
  name: string;
  dependencies: Dependencies;
  emergency: EmergencyPlan;
  rollback: RollbackPlan;
  remove(): void;
}

/** Rows of many pages, and some whose values lie outside of them. */
const contents = `
  CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
  INSERT INTO alembic_version VALUES ('0004');
  CREATE TABLE papers (id int PRIMARY KEY, title text);
  INSERT INTO papers SELECT n, repeat('Paper ' || n, 20) FROM generate_series(1, 2000) n;
  CREATE TABLE letters (id int PRIMARY KEY, body text);
  ALTER TABLE letters ALTER body SET STORAGE EXTERNAL;
  INSERT INTO letters SELECT n, repeat(md5(n::text), 400) FROM generate_series(1, 40) n;
  CREATE TABLE notes (id int PRIMARY KEY, what text);
  INSERT INTO notes SELECT n, 'note' FROM generate_series(1, 50) n;`;

/** What is written after the snapshot: a data diff must find it. */
const since = `INSERT INTO notes VALUES (51, 'since'); INSERT INTO papers VALUES (2001, 'since')`;

export async function damageable(
  own: PostgresServer,
  name: string,
  operation: OperationId,
): Promise<Damaged> {
  const fencedName = siblingName(name, 'backstep', operation);
  const earlier: OperationId = `bs-${operation.slice(3).replace(/^./, 'f')}`;
  const snapshot = siblingName(name, 'snapshot', earlier);
  await own.sql('postgres', `CREATE DATABASE ${name} OWNER radar`);
  const asOwner = (sql: string) => withClient(own.url(name, 'radar'), {}, (client) => client.query(sql));
  await asOwner(contents);
  const adminUrl = own.url('postgres', 'backstep');
  const asAdmin = (use: Parameters<typeof withClient>[2]) => withClient(adminUrl, { operation }, use);
  await asAdmin((admin) => raise(admin, { name, fencedName }));
  await cloneDatabase(adminUrl, { from: fencedName, to: snapshot, operation, sourceStays: 'open' });
  await asAdmin((admin) => lower(admin, { name, fencedName }));
  const known = {
    database: snapshot,
    takenAt: '2025-11-18T02:00:00.000Z',
    keepUntil: '2025-11-25T02:00:00.000Z',
  };
  const source = await readSnapshot({ adminUrl, operation }, known, reading);
  if (source === undefined) throw new Error('the snapshot was not found');
  await asOwner(since);

  const kept = mkdtempSync(join(tmpdir(), 'damaged-'));
  const template = {
    metadata: { labels: { app: 'radar' } },
    spec: { containers: [{ name: 'app', image: 'radar:new' }] },
  };
  const deployment = {
    metadata: { name: 'radar-api' },
    spec: { replicas: 1, selector: { matchLabels: { app: 'radar' } }, template },
  };
  const secrets = { database: { url: own.url(name, 'radar') }, admin: { url: adminUrl } };
  const { cluster } = fakeCluster({ deployments: [deployment], secrets }, (started) =>
    backstepProgram(started),
  );
  const definition: Partial<ServiceDefinitionSource> = {
    database: {
      url: { secret: 'database', key: 'url' },
      admin: { secret: 'admin', key: 'url' },
      tables: ['papers'],
    },
    cronJobs: [],
    writes: { gracePeriod: '5s', quietFor: '0ms' },
  };
  const pinned = { operation, cronJobs: [], from: '0004', target: source.revision };
  const emergency = emergencyPlan({ ...pinned, source }, definition);
  const database = { ...emergency.database, name, owner: 'radar', role: 'radar', fencedName };
  return {
    name,
    dependencies: { cluster, recordsNamespace: 'backstep', storage: storageIn(kept) } as Dependencies,
    emergency: { ...emergency, database },
    rollback: { ...examplePlan({ ...pinned, target: '0003' }, definition), database },
    remove: () => rmSync(kept, { recursive: true }),
  };
}

/** Overwrites bytes in the middle of the file of each table while the server is down; a checksum tells then. */
export async function damage(
  own: PostgresServer,
  of: [database: string, table: string, how?: 'is gone'][],
): Promise<void> {
  const files: { file: string; bytes: number; gone: boolean }[] = [];
  for (const [database, table, how] of of) {
    const [found] = await own.sql<{ file: string; bytes: string }>(
      database,
      `SELECT pg_relation_filepath(oid) AS file, pg_relation_size(oid) AS bytes FROM pg_class WHERE oid = ${table}`,
    );
    if (found === undefined) throw new Error(`${database} has no ${table}`);
    files.push({ file: join(own.data, found.file), bytes: Number(found.bytes), gone: how === 'is gone' });
  }
  await own.sql('postgres', 'CHECKPOINT');
  await own.restart({}, () => {
    for (const { file, bytes, gone } of files) {
      if (gone) {
        rmSync(file);
        continue;
      }
      const opened = openSync(file, 'r+');
      writeSync(opened, Buffer.alloc(200, 0x5a), 0, 200, Math.floor(bytes / 2) + 1_000);
      closeSync(opened);
    }
  });
}
