import { withOpenClone } from '../postgres/clones.ts';
import { withClient } from '../postgres/connect.ts';
import { damagedIs } from '../postgres/damage.ts';
import { databaseExists, extensionsOf } from '../postgres/databases.ts';
import { fingerprint } from '../postgres/fingerprint.ts';
import type { VersionTable } from '../migrations/tool.ts';
import { revisionOf } from '../migrations/version-table.ts';
import { Failure } from '../domain/failures.ts';
import { parseSiblingName, type OperationId } from '../domain/names.ts';
import type { MadeSnapshot } from '../domain/snapshot.ts';
import type { Source } from '../domain/plan/source.ts';
import type { ServerFacts } from './server.ts';

/** A snapshot that a record names. Of a finished operation no fingerprint is known any more. */
export type KnownSnapshot = Pick<MadeSnapshot, 'database' | 'takenAt' | 'keepUntil'> & Partial<MadeSnapshot>;

/** Snapshots of this database, newest first: of the unfinished operation, and what finished ones left. */
export function snapshotsOf({ record, finished }: Pick<ServerFacts, 'record' | 'finished'>): KnownSnapshot[] {
  const left = finished
    .flatMap(({ artifacts }) => artifacts)
    .filter(({ name }) => parseSiblingName(name)?.role === 'snapshot')
    .map(({ name, since, until }) => ({ database: name, takenAt: since, keepUntil: until }));
  return [...(record?.snapshot ? [record.snapshot] : []), ...left].toSorted((a, b) =>
    a.takenAt < b.takenAt ? 1 : -1,
  );
}

/**
 * Reads the whole of a snapshot.
 *
 * @returns undefined where it is not on the server any more
 * @throws Failure SourceUnusable where its fingerprint is not the one taken, or it is damaged, too
 */
export async function readSnapshot(
  { adminUrl, operation }: { adminUrl: string; operation: OperationId },
  known: KnownSnapshot,
  { tool, signal }: { tool: VersionTable; signal: AbortSignal },
): Promise<Extract<Source, { kind: 'snapshot' }> | undefined> {
  const { database } = known;
  const asking = { operation, signal };
  if (!(await withClient(adminUrl, asking, (admin) => databaseExists(admin, database)))) return undefined;
  const found = await withOpenClone(adminUrl, { database, ...asking }, async (client) => ({
    ...(await fingerprint(client)),
    revision: await revisionOf(client, tool),
    extensions: (await extensionsOf(client)).map(({ name }) => name).filter((name) => name !== 'plpgsql'),
    bytes: Number(
      (await client.query<{ bytes: string }>('SELECT pg_database_size(current_database()) AS bytes')).rows[0]
        ?.bytes,
    ),
  })).catch(damagedIs('SourceUnusable', `Snapshot ${database}`));
  if (known.fingerprint !== undefined && known.fingerprint !== found.sha256) {
    throw new Failure(
      'SourceUnusable',
      `Snapshot ${database} has the fingerprint ${found.sha256.slice(0, 12)}…, and had ${known.fingerprint.slice(0, 12)}…: somebody has changed it.`,
    );
  }
  const { counts, revision, extensions, bytes } = found;
  const snapshot: MadeSnapshot = {
    made: true,
    kind: 'clone',
    method: 'file_copy',
    seconds: 0,
    publicPrivileges: [],
    notes: [],
    ...known,
    bytes,
    fingerprint: found.sha256,
    counts,
  };
  return {
    kind: 'snapshot',
    snapshot,
    revision,
    counts,
    extensions,
    bytes,
    takenAt: known.takenAt,
  };
}
