import type { RestoreFrom } from '../domain/plan/emergency-request.ts';
import { Failure } from '../domain/failures.ts';
import { qualified, revisionIn } from '../migrations/version-table.ts';
import { pathIn, placeOf } from '../domain/definition/dump-place.ts';
import { describeSource, type Source } from '../domain/plan/source.ts';
import { found, type Findings } from './findings.ts';
import type { ProbeContext } from './context.ts';
import type { ServerFacts } from './server.ts';
import { snapshotsOf, readSnapshot } from './snapshots.ts';

export interface FoundSource {
  source: Source;
  /** Tables in it, and roles that it needs; empty where nothing but the source itself tells. */
  tables: string[];
  roles: string[];
}

type Lookable = Pick<ServerFacts, 'record' | 'finished' | 'adminUrl'>;

/**
 * Finds what is asked for, and reads all of it: a snapshot by its fingerprint, a backup or a file by a Job.
 * What is only one of several that would do, and is not usable, is noted.
 *
 * @throws Failure SourceUnusable, JobNotStarted
 */
export async function findSource(
  context: ProbeContext,
  facts: Lookable,
  from: RestoreFrom,
): Promise<Findings<FoundSource>> {
  const { operation, tool, signal } = context;
  const { adminUrl } = facts;
  const notes: string[] = [];
  const snapshots = snapshotsOf(facts);
  const named = snapshots.filter(({ database }) => database === from);
  const wanted = named.length > 0 ? named : from === undefined || from === 'snapshot' ? snapshots : [];
  for (const known of wanted) {
    context.progress({ doing: `reading snapshot ${known.database}` });
    try {
      const source = await readSnapshot({ adminUrl, operation }, known, { tool, signal });
      if (source !== undefined) {
        const read = { source, tables: Object.keys(source.counts), roles: [] };
        return found(read, { notes: [`Found: ${describeSource(source)}`, ...notes] });
      }
      notes.push(`Snapshot ${known.database} is not on the server any more.`);
    } catch (error) {
      if (!(error instanceof Failure) || error.type !== 'SourceUnusable') throw error;
      notes.push(error.message);
    }
  }
  if (from === 'snapshot' || named.length > 0) {
    const there = notes.length > 0 ? notes.join(' ') : 'No operation of this database has left one.';
    throw new Failure('SourceUnusable', `There is no snapshot to restore from. ${there}`);
  }
  const { notes: also, ...read } = await readByJob(context, from);
  return found(read, { notes: [`Found: ${describeSource(read.source)}`, ...notes, ...also] });
}

async function readByJob(
  { service, operation, tool, readDump }: ProbeContext,
  from: RestoreFrom,
): Promise<FoundSource & { notes: string[] }> {
  const place = placeOf(service.backup);
  const { versionRows, source, ...read } = await readDump({
    operation,
    service: service.service,
    place,
    directory: pathIn(place, service.service),
    from:
      typeof from === 'object'
        ? { file: pathIn(place, from.file) }
        : { backup: from === undefined || from === 'backup' ? undefined : from },
    versionTable: qualified(tool),
  });
  return { ...read, source: { ...source, revision: revisionIn(versionRows, tool) } };
}
