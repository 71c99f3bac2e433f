import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jobImage } from '../../lab/job-image.ts';
import { backupDirectory, kubectl, prepareSite, removeSite } from '../../lab/site.ts';
import { serverOf } from '../../src/postgres/databases.ts';
import type { Attempt, Dependencies } from '../../src/activities/context.ts';
import { connect } from '../../src/kubernetes/cluster.ts';
import { claim, readRecord, recordName, update } from '../../src/kubernetes/records.ts';
import { raise } from '../../src/postgres/fence.ts';
import { catalog, catalogHash, counts } from '../../src/postgres/catalog.ts';
import { withClient, withDatabase, type Client } from '../../src/postgres/connect.ts';
import { siblingName } from '../../src/domain/names.ts';
import type { Plan } from '../../src/domain/plan/plan.ts';
import type { OperationRecord } from '../../src/domain/record.ts';
import type { ServiceDefinitionSource } from '../../src/domain/definition/service.ts';
import { examplePlan } from '../example-plan.ts';
import { postgresFixture, type PostgresFixture } from './postgres-fixture.ts';

/** A database that is fenced off, with the record of an operation that stopped its writes: what restores act on. */
export interface FencedDatabase extends PostgresFixture {
  namespace: string;
  dependencies: Dependencies;
  plan: Plan;
  /** The plan with other words of the definition. */
  planned(change: Partial<ServiceDefinitionSource>): Plan;
  beside(role: Parameters<typeof siblingName>[1]): string;
  said: string[];
  attempt(signal?: AbortSignal): Attempt;
  record(): Promise<OperationRecord | undefined>;
  change(change: (record: OperationRecord) => OperationRecord): Promise<OperationRecord>;
  asAdmin<T>(use: (admin: Client) => Promise<T>): Promise<T>;
  /** As Backstep on a database. */
  on<T>(database: string, use: (client: Client) => Promise<T>): Promise<T>;
  kubectl(...args: string[]): Promise<string>;
  /** Makes a Secret of one value. */
  secret(name: string, value: string): Promise<{ secret: string; key: string }>;
  /** Names of the operation's Jobs without the operation, oldest first. */
  jobs(): Promise<string[]>;
}

/** @param prepare SQL by the application before writes stop */
export async function fencedDatabase(name: string, prepare?: string): Promise<FencedDatabase> {
  const fixture = await postgresFixture();
  const directory = mkdtempSync(join(tmpdir(), 'site-'));
  const namespace = `${name}-${fixture.operation}`;
  await kubectl(fixture.lab, ['create', 'namespace', namespace]);
  const { kubeconfig } = await prepareSite(fixture.lab, namespace, directory);
  const ourKubectl = (...args: string[]) => kubectl(fixture.lab, ['-n', namespace, ...args]);
  const secret = async (name: string, value: string) => {
    const metadata = { name, namespace };
    const object = { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { value } };
    await kubectl(fixture.lab, ['apply', '-f', '-'], JSON.stringify(object));
    return { secret: name, key: 'value' };
  };
  const url = await secret('database', fixture.url.replace('postgresql://', 'postgresql+psycopg://'));
  const admin = await secret('admin', fixture.adminUrl);
  const image = await jobImage(fixture.lab);
  const { id: server } = await withClient(fixture.adminUrl, {}, serverOf);
  const database = {
    url,
    admin,
    extensionAdmin: { secret: 'backstep-extensions', key: 'DATABASE_URL' },
    tables: ['papers'],
    extensions: ['vector'],
  };
  const planned = (change: Partial<ServiceDefinitionSource>): Plan => {
    const backup = { claim: 'backstep-backups', timeout: '5m' };
    const example = examplePlan({}, { namespace, database, backup, ...change });
    const { name, fencedName, owner, operation } = fixture;
    return {
      ...example,
      operation,
      jobImage: image,
      database: { ...example.database, name, fencedName, owner, role: owner, server },
    };
  };
  const plan = planned({});
  const dependencies = { cluster: connect(kubeconfig), recordsNamespace: 'backstep' } as Dependencies;
  const { operation } = fixture;
  const asAdmin: FencedDatabase['asAdmin'] = (use) => withClient(fixture.adminUrl, { operation }, use);
  const on: FencedDatabase['on'] = (database, use) =>
    withClient(withDatabase(fixture.adminUrl, database), { operation }, use);
  if (prepare !== undefined) await withClient(fixture.url, { operation }, (client) => client.query(prepare));
  await claim(dependencies.cluster, 'backstep', {
    version: 1,
    kind: 'rollback',
    operation,
    workflowId: 'test',
    runId: 'test',
    service: 'radar',
    namespace,
    startedAt: new Date().toISOString(),
    database: plan.database,
    from: '0005',
    target: '0004',
    stopped: { workloads: [], cronJobs: [], paused: [] },
    frozen: await on(fixture.name, async (client) => ({
      at: new Date().toISOString(),
      counts: await counts(client),
      catalog: catalogHash(await catalog(client)),
    })),
    rolledBack: [],
    breaches: [],
    artifacts: [],
  });
  await asAdmin((admin) => raise(admin, fixture));
  const said: string[] = [];
  return {
    ...fixture,
    namespace,
    dependencies,
    plan,
    planned,
    beside: (role) => siblingName(fixture.name, role, operation),
    said,
    attempt: (signal = new AbortController().signal) => ({
      signal,
      cancelRequested: () => false,
      progress: ({ doing }) => said.push(doing),
      log: { info: () => {}, warn: (message) => said.push(message) },
    }),
    record: async () => (await readRecord(dependencies.cluster, 'backstep', plan.database)).record,
    change: (change) => update(dependencies.cluster, 'backstep', plan.database, operation, change),
    asAdmin,
    on,
    kubectl: ourKubectl,
    secret,
    jobs: async () => {
      const names = await ourKubectl('get', 'jobs', '-o', 'name', '--sort-by=.metadata.creationTimestamp');
      const ours = names.split('\n').filter(Boolean);
      return ours.map((name) => name.replace(`job.batch/${operation}-`, ''));
    },
    remove: async () => {
      await fixture.remove();
      await kubectl(fixture.lab, ['delete', 'namespace', namespace, '--wait=false']);
      await kubectl(fixture.lab, [
        '-n',
        'backstep',
        'delete',
        'configmap',
        recordName(plan.database),
        '--ignore-not-found',
      ]);
      await removeSite(fixture.lab, namespace);
      rmSync(directory, { recursive: true });
      rmSync(backupDirectory(namespace), { recursive: true, force: true });
    },
  };
}
