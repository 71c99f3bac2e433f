import type { ReadDumpArguments } from '../../../dumps/read-dump.ts';
import { deleteJob } from '../../../kubernetes/jobs.ts';
import type { OperationId } from '../../../domain/names.ts';
import type { RestoreFrom } from '../../../domain/plan/emergency-request.ts';
import { Failure } from '../../../domain/failures.ts';
import { toolOf } from '../../../migrations/index.ts';
import { qualified, revisionIn } from '../../../migrations/version-table.ts';
import type { ServiceDefinition } from '../../../domain/definition/service.ts';
import { pathIn, placeOf } from '../../../domain/definition/dump-place.ts';
import type { Source } from '../../../domain/plan/source.ts';
import type { ServerFacts } from '../server.ts';
import { serviceContext, type BaseContext } from '../../context.ts';
import { programJobName } from '../../jobs.ts';
import { pointsOf, readPoint } from './points.ts';

export interface Found {
  source: Source;
  /** Tables in it, and roles that it needs; empty where nothing but the source itself tells. */
  tables: string[];
  roles: string[];
  notes: string[];
}

interface Asking {
  service: ServiceDefinition;
  operation: OperationId;
  facts: ServerFacts;
  jobImage: string;
}

/**
 * Finds what is asked for, and reads all of it: a snapshot by its fingerprint, a backup or a file by a Job.
 * What is only one of several that would do, and does not do, is told.
 *
 * @throws Failure SourceUnusable, JobNotStarted
 */
export async function findSource(base: BaseContext, asking: Asking, from: RestoreFrom): Promise<Found> {
  const notes: string[] = [];
  const snapshots = pointsOf(asking.facts);
  const named = snapshots.filter(({ database }) => database === from);
  const wanted = named.length > 0 ? named : from === undefined || from === 'snapshot' ? snapshots : [];
  for (const known of wanted) {
    base.progress({ doing: `reading snapshot ${known.database}` });
    const { adminUrl } = asking.facts;
    const read = { tool: toolOf(base, asking.service), signal: base.signal };
    try {
      const source = await readPoint({ adminUrl, operation: asking.operation }, known, read);
      if (source !== undefined) return { source, tables: Object.keys(source.counts), roles: [], notes };
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
  const read = await readByJob(base, asking, from);
  return { ...read, notes: [...notes, ...read.notes] };
}

/** The Job is removed again, as those that ask the images: nothing is left by an assessment. */
async function readByJob(
  base: BaseContext,
  { service, operation, jobImage }: Asking,
  from: RestoreFrom,
): Promise<Found> {
  const context = serviceContext(base, { service, operation, jobImage });
  const place = placeOf(service.backup);
  const wanted: ReadDumpArguments = {
    operation,
    service: service.service,
    place,
    directory: pathIn(place, service.service),
    from:
      typeof from === 'object'
        ? { file: pathIn(place, from.file) }
        : { backup: from === undefined || from === 'backup' ? undefined : from },
    versionTable: qualified(context.tool),
  };
  const job = { step: 'assess', part: 'source', orElse: 'SourceUnusable' } as const;
  try {
    const { source, versionRows, ...found } = await context.runJob('read-dump', wanted, job);
    return { ...found, source: { ...source, revision: revisionIn(versionRows, context.tool) } };
  } finally {
    await deleteJob(context.cluster, service.namespace, programJobName(context, job));
  }
}
