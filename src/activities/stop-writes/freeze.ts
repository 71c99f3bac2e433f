import type { VersionTable } from '../../migrations/tool.ts';
import { revisionOf } from '../../migrations/version-table.ts';
import { catalog, catalogHash, counts } from '../../postgres/catalog.ts';
import type { Client } from '../../postgres/connect.ts';
import { damageIn } from '../../postgres/damage.ts';
import { countsOfReadable, systemCatalog } from '../../postgres/tables.ts';
import { defined } from '../../domain/defined.ts';
import { canonical } from '../../domain/plan/hash.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import { verifiedAgainst, type Counted, type Frozen, type OperationRecord } from '../../domain/record.ts';
import type { ActivityContext } from '../context.ts';

/** The database as it is now that nobody writes. */
export type Seen = Frozen & { revision: string };

/**
 * Rows of every table, and the record that remembers what a restore must bring back. What an emergency restore
 * cannot read it names: for that it is done, and the damaged database is kept.
 *
 * @param again after a failed start: the counts taken first stay
 * @throws Failure DatabaseDamaged of every other operation
 */
export async function freeze(
  context: ActivityContext,
  again: boolean,
): Promise<Counted & { resumedAt?: string; unreadable?: string[] }> {
  const { plan, tool } = context;
  const look = plan.kind === 'emergency-restore' ? lookAtReadable : lookAtAll;
  const seen = await context.database(plan.database.fencedName, (client) => look(client, tool));
  const record = await context.record.update((found) => frozen(found, seen, plan, again));
  const { resumedAt } = record;
  const { unreadable } = seen;
  return { ...verifiedAgainst(record, seen), ...defined({ unreadable, resumedAt }) };
}

const lookAtAll = async (client: Client, tool: VersionTable): Promise<Seen> => ({
  at: new Date().toISOString(),
  counts: await counts(client),
  catalog: catalogHash(await catalog(client)),
  revision: await revisionOf(client, tool),
});

function orUnreadable(error: unknown): undefined {
  if (damageIn(error) === undefined) throw error;
}

async function lookAtReadable(client: Client, tool: VersionTable): Promise<Seen> {
  const at = new Date().toISOString();
  const { counts, unreadable } = await countsOfReadable(client);
  const schema = await catalog(client).catch(orUnreadable);
  const found = await revisionOf(client, tool).catch(orUnreadable);
  const all = schema === undefined ? [...new Set([...unreadable, systemCatalog])] : unreadable;
  return {
    at,
    counts,
    catalog: schema === undefined ? 'unreadable' : catalogHash(schema),
    revision: found ?? 'unreadable',
    ...(all.length > 0 && { unreadable: all }),
  };
}

/**
 * Says that the application may have written since the contents were frozen. It is said before `writes` says
 * `stopped` again, and before the fence is raised: after a crash nothing else would tell.
 */
export const mayHaveWritten = (record: OperationRecord): OperationRecord =>
  record.frozen === undefined || record.resumedAt !== undefined
    ? record
    : { ...record, resumedAt: new Date().toISOString() };

/**
 * The record with what was seen. What was frozen first stays what a restore brings back, as long as the database
 * is the one that the downgrade has moved, and after a failed start. Otherwise contents that changed, or that
 * somebody may have changed (an `UPDATE` leaves rows and catalog as they are), make older ways back worthless.
 */
export function frozen(
  found: OperationRecord,
  { revision, ...seen }: Seen,
  plan: Pick<Plan, 'kind' | 'from'>,
  again: boolean,
): OperationRecord {
  const { frozen: before, resumedAt } = found;
  if (before !== undefined && again) return found;
  const pivotPassed = found.pivotAt !== undefined;
  // Never moved, or restored: whatever runs there writes to the database that is to be downgraded.
  const backAtStart = plan.kind === 'rollback' && revision === plan.from;
  if (before !== undefined && resumedAt !== undefined && pivotPassed && !backAtStart)
    return { ...found, counted: { at: seen.at, counts: seen.counts } };
  if (before !== undefined && resumedAt === undefined && (pivotPassed || sameContents(before, seen)))
    return found;
  const { backup: _, snapshot, counted: _c, pivotAt: _p, swap: _s, resumedAt: _w, ...rest } = found;
  // The snapshot of other contents is no way back any more, and is not dropped unasked either.
  return { ...rest, artifacts: [...rest.artifacts, ...(snapshot ? [snapshot.database] : [])], frozen: seen };
}

const sameContents = (a: Frozen, b: Frozen) =>
  a.catalog === b.catalog && canonical(a.counts) === canonical(b.counts);
