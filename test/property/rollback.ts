import { backUp } from '../../src/jobs/back-up.ts';
import type { BackUpArguments } from '../../src/jobs/manifest.ts';
import { salvage, type SalvageArguments, type SalvageResult } from '../../src/jobs/salvage.ts';
import { lower, raise } from '../../src/postgres/barrier.ts';
import { catalog, counts, type Catalog } from '../../src/postgres/catalog.ts';
import { cloneDatabase, openClone, withOpenClone } from '../../src/postgres/clones.ts';
import { withClient, withDatabase, type Client } from '../../src/postgres/connect.ts';
import { fingerprint } from '../../src/postgres/fingerprint.ts';
import { losses } from '../../src/postgres/losses/losses.ts';
import { now } from '../../src/postgres/losses/moments.ts';
import type { Backup } from '../../src/runbook/backup.ts';
import { Failure } from '../../src/runbook/failures.ts';
import { besideName, type OperationId } from '../../src/runbook/names.ts';
import type { Loss } from '../../src/runbook/rehearsal.ts';
import type { MadeRestorePoint } from '../../src/runbook/restore-point.ts';
import type { History } from './history.ts';
import { migrate, service, type Place } from './migrations.ts';
import type { Breakage, Case } from './model.ts';
import { jobProcess } from './world.ts';

/** A rollback of one database: what the deeds do, in their order, with the very functions that they use. */
export interface Rollback extends Place {
  it: Case;
  name: string;
  aside: string;
  history: History;
  /** The schema that the migrations make at the target in an empty database. */
  targetCatalog: Catalog;
  /** What ended badly on the way, as it was meant to. */
  failed: string[];
}

/** The database when writes had stopped. */
export interface Before {
  catalog: Catalog;
  counts: Record<string, number>;
}

export interface Rehearsed {
  copy: string;
  catalog: Catalog;
  counts: Record<string, number>;
  losses: Loss[];
}

export const placed = (name: string, operation: OperationId) => ({
  name,
  aside: besideName(name, 'backstep', operation),
});

export const on = <T>({ world, operation }: Place, database: string, use: (client: Client) => Promise<T>) =>
  withClient(world.url(database), { operation }, use);
export const asAdmin = <T>({ world, operation }: Place, use: (admin: Client) => Promise<T>) =>
  withClient(world.adminUrl, { operation }, use);
export const adminOn = ({ world }: Place, database: string) => withDatabase(world.adminUrl, database);

/** Law 8: any step may run twice. */
export async function twice<T>({ it }: Rollback, step: () => Promise<T>): Promise<T> {
  const first = await step();
  return it.breakage === 'every step twice' ? step() : first;
}

export const stopWrites = (of: Rollback) =>
  twice(of, () => asAdmin(of, (admin) => raise(admin, { name: of.name, aside: of.aside })));

export const openAgain = (of: Rollback) =>
  twice(of, () => asAdmin(of, (admin) => lower(admin, { name: of.name, aside: of.aside })));

export const fingerprintOf = (of: Rollback, database: string) =>
  on(of, database, (client) => fingerprint(client));

export async function restorePoint(of: Rollback): Promise<MadeRestorePoint> {
  const { world, operation, name, aside } = of;
  const point = besideName(name, 'point', operation);
  const began = Date.now();
  const cloned = await cloneDatabase(world.adminUrl, {
    from: aside,
    to: point,
    operation,
    sourceStays: 'open',
  });
  const found = await withOpenClone(world.adminUrl, { database: point, operation }, (client) =>
    fingerprint(client),
  );
  return {
    made: true,
    database: point,
    method: cloned.method,
    takenAt: new Date(began).toISOString(),
    seconds: cloned.seconds,
    bytes: cloned.bytes,
    fingerprint: found.sha256,
    counts: found.counts,
    publicPrivileges: cloned.publicPrivileges,
    keepUntil: new Date(began).toISOString(),
  };
}

/** Where this case breaks this step; afterwards the step is run again, as a person's retry or the Job's own. */
export async function broken(
  of: Rollback,
  breakages: Partial<Record<Breakage, Pick<Parameters<typeof jobProcess>[1], 'killAfter' | 'dies'>>>,
  wanted: Omit<Parameters<typeof jobProcess>[1], 'killAfter' | 'dies'>,
): Promise<boolean> {
  const how = breakages[of.it.breakage];
  if (how === undefined) return false;
  try {
    await jobProcess(of.world, { ...wanted, ...how });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    of.failed.push(`${of.it.breakage}: ${error.type}`);
  }
  return true;
}

export async function takeBackup(of: Rollback): Promise<Backup> {
  const { world, operation, aside } = of;
  const told = (tried: number): BackUpArguments => ({
    service: service.service,
    operation,
    try: tried,
    place: { claim: 'backups' },
    format: 'custom',
    jobs: 1,
    compression: { method: 'none' },
    proof: 'read',
    keepFor: 0,
  });
  const url = world.url(aside);
  const how = {
    'pg_dump killed': { dies: 'pg_dump' },
    'back-up killed': { killAfter: killAfter(of) },
  } as const;
  await broken(of, how, { program: 'back-up', told: told(1), url, adminUrl: adminOn(of, aside) });
  return twice(of, () => backUp(url, told(of.it.breakage === 'pg_dump killed' ? 2 : 1)));
}

/** Somewhere in the run of a process, the same for the same case. */
export const killAfter = ({ it }: Rollback): number =>
  150 + ((it.first * 7 + it.writes.length * 13) % 10) * 60;

/** @throws Failure as the migration's, where the downgrade fails on the copy */
export async function rehearse(of: Rollback, point: MadeRestorePoint): Promise<Rehearsed> {
  const { world, operation, name, aside, history } = of;
  const copy = besideName(name, 'rehearsal', operation);
  await cloneDatabase(world.adminUrl, { from: point.database, to: copy, operation, sourceStays: 'closed' });
  await asAdmin(of, (admin) => openClone(admin, copy));
  const boundary = await on(of, copy, now);
  await migrate(of, copy, history, { onCopy: true });
  const found = await on(of, aside, (live) => on(of, copy, (after) => losses(live, after, { boundary })));
  return {
    copy,
    ...(await on(of, copy, async (client) => ({
      catalog: await catalog(client),
      counts: await counts(client),
    }))),
    losses: found.filter(({ object }) => !object.startsWith('alembic_version')),
  };
}

export async function keep(of: Rollback, { losses, copy }: Rehearsed): Promise<SalvageResult> {
  const { world, operation, aside, history } = of;
  const told = (tried: number): SalvageArguments => ({
    service: service.service,
    operation,
    try: tried,
    place: { claim: 'backups' },
    from: history.from,
    target: history.target,
    losses,
    versionTable: 'alembic_version',
    copy,
  });
  if (losses.length === 0) return { salvaged: [], lost: [], notes: [] };
  const url = world.url(aside);
  const how = {
    'psql killed in salvage': { dies: 'psql' },
    'salvage killed': { killAfter: killAfter(of) },
  } as const;
  await broken(of, how, { program: 'salvage', told: told(1), url, adminUrl: adminOn(of, aside) });
  return twice(of, () => salvage(url, told(of.it.breakage === 'psql killed in salvage' ? 2 : 1)));
}
