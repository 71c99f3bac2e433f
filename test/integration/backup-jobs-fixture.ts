import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jobImage } from '../../lab/job-image.ts';
import { backupDirectory, kubectl, prepareSite, removeSite } from '../../lab/site.ts';
import type { Attempt, Dependencies } from '../../src/activities/context.ts';
import { connect } from '../../src/kubernetes/cluster.ts';
import { claim, close, readRecord, update } from '../../src/kubernetes/records.ts';
import { raise } from '../../src/postgres/fence.ts';
import { catalog, catalogHash, counts } from '../../src/postgres/catalog.ts';
import { withClient, withDatabase, type Client } from '../../src/postgres/connect.ts';
import type { Plan } from '../../src/domain/plan/plan.ts';
import type { OperationRecord } from '../../src/domain/record.ts';
import type { ServiceDefinitionSource } from '../../src/domain/definition/service.ts';
import { examplePlan } from '../example-plan.ts';
import { postgresFixture, type PostgresFixture } from './postgres-fixture.ts';

/** A database that is fenced off, its record, and a namespace in which Jobs back it up and restore it. */
export interface BackupJobsFixture extends PostgresFixture {
  namespace: string;
  dependencies: Dependencies;
  planned(backup: ServiceDefinitionSource['backup']): Promise<Plan>;
  attempt(): Attempt;
  /** What activities said: progress and warnings. */
  said: string[];
  secret(name: string, value: string): Promise<{ secret: string; key: string }>;
  asAdmin<T>(use: (admin: Client) => Promise<T>): Promise<T>;
  on<T>(database: string, use: (client: Client) => Promise<T>): Promise<T>;
  record(): Promise<OperationRecord | undefined>;
  change(to: (record: OperationRecord) => OperationRecord): Promise<OperationRecord>;
  kubectl(...args: string[]): Promise<string>;
  /** Names of the operation's Jobs without the operation, oldest first. */
  jobs(): Promise<string[]>;
}

export async function backupJobsFixture(): Promise<BackupJobsFixture> {
  const fixture = await postgresFixture();
  const { lab, operation } = fixture;
  const directory = mkdtempSync(join(tmpdir(), 'site-'));
  const namespace = `p-${operation.slice(3)}`;
  const said: string[] = [];
  const ourKubectl = (...args: string[]) => kubectl(lab, ['-n', namespace, ...args]);
  await kubectl(lab, ['create', 'namespace', namespace]);
  const { kubeconfig } = await prepareSite(lab, namespace, directory);
  const dependencies = { cluster: connect(kubeconfig), recordsNamespace: 'backstep' } as Dependencies;
  const asAdmin = <T>(use: (admin: Client) => Promise<T>) => withClient(fixture.adminUrl, {}, use);
  const on = <T>(name: string, use: (client: Client) => Promise<T>) =>
    withClient(withDatabase(fixture.adminUrl, name), {}, use);
  const secret = async (name: string, value: string) => {
    const metadata = { name, namespace };
    const object = { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { value } };
    await kubectl(lab, ['apply', '-f', '-'], JSON.stringify(object));
    return { secret: name, key: 'value' };
  };
  const url = await secret('database', fixture.url.replace('postgresql://', 'postgresql+psycopg://'));
  const admin = await secret('admin', fixture.adminUrl);
  const planned = async (backup: ServiceDefinitionSource['backup']): Promise<Plan> => {
    const extensionAdmin = { secret: 'backstep-extensions', key: 'DATABASE_URL' };
    const database = { url, admin, extensionAdmin, tables: ['papers'], extensions: ['vector'] };
    const example = examplePlan({}, { namespace, database, backup });
    const { name, fencedName, owner } = fixture;
    return {
      ...example,
      operation,
      jobImage: await jobImage(lab),
      database: { ...example.database, name, owner, role: owner, fencedName, server: operation },
    };
  };
  const { database } = await planned({ claim: 'backstep-backups' });
  await claim(dependencies.cluster, 'backstep', {
    version: 1,
    operation,
    workflowId: 'test',
    runId: 'test',
    service: 'radar',
    namespace,
    startedAt: new Date().toISOString(),
    database,
    from: '0005',
    target: '0004',
    stopped: { workloads: [], cronJobs: [] },
    frozen: await on(fixture.name, async (client) => ({
      at: new Date().toISOString(),
      counts: await counts(client),
      catalog: catalogHash(await catalog(client)),
    })),
    breaches: [],
    kept: [],
  });
  await asAdmin((client) => raise(client, fixture));
  return {
    ...fixture,
    namespace,
    dependencies,
    said,
    planned,
    secret,
    asAdmin,
    on,
    attempt: () => ({
      signal: new AbortController().signal,
      cancelRequested: () => false,
      progress: ({ doing }) => said.push(doing),
      log: { info: () => {}, warn: (message) => said.push(message) },
    }),
    record: async () => (await readRecord(dependencies.cluster, 'backstep', database)).record,
    change: (to) => update(dependencies.cluster, 'backstep', database, operation, to),
    kubectl: ourKubectl,
    jobs: async () => {
      const names = await ourKubectl('get', 'jobs', '-o', 'name', '--sort-by=.metadata.creationTimestamp');
      const ours = names.split('\n').filter(Boolean);
      return ours.map((name) => name.replace(`job.batch/${operation}-`, ''));
    },
    remove: async () => {
      await fixture.remove();
      await kubectl(lab, ['delete', 'namespace', namespace, '--wait=false']);
      await removeSite(lab, namespace);
      rmSync(directory, { recursive: true });
      rmSync(backupDirectory(namespace), { recursive: true });
      const ended = { operation, from: '0005', target: '0004', outcome: 'restored' };
      await close(dependencies.cluster, 'backstep', database, operation, {
        ...ended,
        endedAt: new Date().toISOString(),
      });
    },
  };
}
