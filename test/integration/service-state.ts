import { kubectl } from '../../lab/site.ts';
import type { OperationRecord } from '../../src/domain/record.ts';
import type { Installation } from './installation.ts';

/** What lab tests compare before and after, read past Backstep. */
export interface ServiceState {
  revision: string;
  counts: Record<string, number>;
  replicas: number;
  image: string;
  suspended: Record<string, boolean>;
  /** Without snapshots, which are kept whatever comes. */
  databases: string[];
}

const tables = ['papers', 'repositories', 'paper_repo_links', 'opportunities'];

export async function revision(here: Installation, database?: string): Promise<string> {
  const [row] = await here.sql<{ version_num: string }>('SELECT version_num FROM alembic_version', database);
  return row?.version_num ?? 'base';
}

export async function counts(here: Installation, database?: string): Promise<Record<string, number>> {
  const sum = tables.map((table) => `SELECT '${table}' AS name, count(*)::int AS rows FROM ${table}`);
  const rows = await here.sql<{ name: string; rows: number }>(sum.join(' UNION ALL '), database);
  return Object.fromEntries(rows.map((row) => [row.name, row.rows]));
}

/** One checksum a table, over every row in order of its key; equal contents have equal sums. */
export async function checksums(here: Installation, database?: string): Promise<Record<string, string>> {
  const found = await here.sql<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1`,
    database,
  );
  const sums = found.map(
    ({ name }) =>
      `SELECT '${name}' AS name, md5(coalesce(string_agg(md5(t::text), '' ORDER BY md5(t::text)), '')) AS sum FROM "${name}" t`,
  );
  const rows = await here.sql<{ name: string; sum: string }>(sums.join(' UNION ALL '), database);
  return Object.fromEntries(rows.map((row) => [row.name, row.sum]));
}

export async function databases(here: Installation): Promise<string[]> {
  const rows = await here.sql<{ datname: string }>(
    `SELECT datname FROM pg_database WHERE datname LIKE '${here.radar.database}%' ORDER BY 1`,
    'postgres',
  );
  return rows.map((row) => row.datname);
}

/** The name under which the database is fenced off. */
export async function fencedName(here: Installation): Promise<string> {
  const found = (await databases(here)).find((name) => name.includes('__backstep_'));
  if (found === undefined) throw new Error('the database is not fenced off');
  return found;
}

interface Workloads {
  items: {
    kind: string;
    metadata: { name: string };
    spec: {
      replicas?: number;
      suspend?: boolean;
      template?: { spec: { containers: { image: string }[] } };
    };
  }[];
}

export async function workloads(
  here: Installation,
): Promise<Pick<ServiceState, 'replicas' | 'image' | 'suspended'>> {
  const { items } = JSON.parse(await here.kubectl('get', 'deployments,cronjobs', '-o', 'json')) as Workloads;
  const api = items.find((item) => item.kind === 'Deployment' && item.metadata.name === 'deeptech-api');
  const cronJobs = items.filter((item) => item.kind === 'CronJob');
  return {
    replicas: api?.spec.replicas ?? -1,
    image: api?.spec.template?.spec.containers[0]?.image ?? '',
    suspended: Object.fromEntries(cronJobs.map((item) => [item.metadata.name, item.spec.suspend ?? false])),
  };
}

export async function serviceState(here: Installation): Promise<ServiceState> {
  return {
    ...(await workloads(here)),
    revision: await revision(here),
    counts: await counts(here),
    databases: (await databases(here)).filter((name) => !name.includes('__snapshot_')),
  };
}

/** The open operation record of the installation's database, if any. */
export async function openRecord(here: Installation): Promise<OperationRecord | undefined> {
  const maps = JSON.parse(await kubectl(here.lab, ['get', 'configmaps', '-n', 'backstep', '-o', 'json'])) as {
    items: { data?: { record?: string } }[];
  };
  return maps.items
    .flatMap(({ data }) => (data?.record === undefined ? [] : [JSON.parse(data.record) as OperationRecord]))
    .find(({ database }) => database.name === here.radar.database);
}
