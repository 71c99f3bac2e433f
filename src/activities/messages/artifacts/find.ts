import { readRecord } from '../../../kubernetes/records.ts';
import { namesOf } from '../../../postgres/connect.ts';
import { artifactDatabases, type ArtifactDatabase } from '../../../postgres/artifacts.ts';
import type { ArtifactFile } from './job.ts';
import type { Artifact, ArtifactKind } from '../../../domain/artifacts.ts';
import type { OperationId } from '../../../domain/names.ts';
import type { OperationRecord } from '../../../domain/record.ts';
import { serverOf } from '../../../postgres/databases.ts';
import type { ServiceContext } from '../../context.ts';
import { artifactFiles } from './files.ts';

export interface Found {
  /** The application's database, wherever it is right now. */
  database: { server: string; name: string };
  artifacts: Artifact[];
  notes: string[];
}

/** All others are copies that a step left when it died. */
const kinds: Partial<Record<ArtifactDatabase['role'], ArtifactKind>> = {
  snapshot: 'snapshot',
  failed: 'failed database',
};

/**
 * Everything that Backstep left for a service: databases on its server, files where its dumps lie. What the record of
 * an unfinished operation names, or belongs to it, is held.
 */
export async function find(context: ServiceContext): Promise<Found> {
  const { database: name } = namesOf(await context.applicationUrl());
  context.progress({ doing: 'looks at the database server' });
  const { server, databases } = await context.admin(async (admin) => ({
    server: (await serverOf(admin)).id,
    databases: await artifactDatabases(admin, name),
  }));
  const database = { server, name };
  const { record, finished } = await readRecord(context.cluster, context.recordsNamespace, database);
  const remembered = new Map(finished.flatMap(({ artifacts }) => artifacts).map((each) => [each.name, each]));
  if (record?.snapshot) {
    const { database: snapshot, takenAt: since, keepUntil: until } = record.snapshot;
    remembered.set(snapshot, { name: snapshot, since, until });
  }
  const ends = new Map(finished.map((done) => [done.operation, done.endedAt]));
  const { files, notes } = await artifactFiles(context);
  const now = Date.now();
  const databaseArtifact = (
    { name, kind, operation, bytes }: Artifact,
    times: { since?: string; until?: string },
  ): Artifact => {
    const since = times.since ?? ends.get(operation);
    const why = heldBy(record, { name, operation });
    return {
      name,
      kind,
      operation,
      ...(bytes !== undefined && { bytes }),
      ...(since !== undefined && { since }),
      ...(times.until !== undefined && { until: times.until }),
      expired: why === undefined && times.until !== undefined && Date.parse(times.until) < now,
      ...(why !== undefined && { heldBy: why }),
    };
  };
  return {
    database,
    notes,
    artifacts: [
      ...databases.map(({ role, ...each }) =>
        databaseArtifact(
          { ...each, kind: kinds[role] ?? 'copy', expired: false },
          remembered.get(each.name) ?? {},
        ),
      ),
      ...files.map((file) => databaseArtifact(artifactOf(file), file)),
    ],
  };
}

const artifactOf = ({ path, kind, operation, bytes }: ArtifactFile): Artifact => ({
  name: path,
  kind,
  operation: operation as OperationId,
  ...(bytes !== undefined && { bytes }),
  expired: false,
});

/**
 * What an unfinished operation made, or names in its record (its ways back, or what it restores from), stays: it may
 * be the only way back.
 */
export function heldBy(
  record: OperationRecord | undefined,
  { name, operation }: Pick<Artifact, 'name' | 'operation'>,
): string | undefined {
  if (record === undefined) return undefined;
  // Names of databases carry the digits of the operation, also of one that was taken up.
  if (!names(record, operation.slice('bs-'.length)) && !names(record, name)) return undefined;
  return `operation ${record.operation} (workflow ${record.workflowId}) is not finished, and may need it`;
}

/** Whether a name stands anywhere in the record, whatever a later version writes into it. */
const names = (of: unknown, name: string): boolean =>
  typeof of === 'string'
    ? of.includes(name)
    : typeof of === 'object' && of !== null && Object.values(of).some((each) => names(each, name));
