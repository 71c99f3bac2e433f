import type { ArtifactArguments, ArtifactFiles } from './job.ts';
import { deleteOperationJobs } from '../../../kubernetes/jobs.ts';
import { Failure } from '../../../domain/failures.ts';
import { pathIn, placeOf } from '../../../domain/definition/dump-place.ts';
import type { ServiceContext } from '../../context.ts';

/** The files where the dumps lie, listed by a Job; where that cannot be done, why. */
export async function artifactFiles(
  context: ServiceContext,
): Promise<{ files: ArtifactFiles['files']; notes: string[] }> {
  try {
    const { files } = await run(context, 'list', {});
    return { files, notes: [] };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { files: [], notes: [`Dumps and salvage files could not be listed: ${error.message}`] };
  }
}

/** Deletes files by a Job. Throws Failure Refused, BackupFailed, JobNotStarted. */
export async function removeFiles(context: ServiceContext, remove: string[]): Promise<void> {
  await run(context, 'remove', { remove });
}

async function run(
  context: ServiceContext,
  part: 'list' | 'remove',
  more: Pick<ArtifactArguments, 'remove'>,
): Promise<ArtifactFiles> {
  const { service, operation } = context;
  const place = placeOf(service.backup);
  const wanted: ArtifactArguments = {
    operation,
    service: service.service,
    place,
    directory: pathIn(place, service.service),
    ...more,
  };
  context.progress({ doing: part === 'list' ? 'lists dumps by a Job' : 'deletes files by a Job' });
  const answer = await context.runJob('artifacts', wanted, {
    step: 'artifacts',
    part,
    orElse: 'BackupFailed',
  });
  await deleteOperationJobs(context.cluster, service.namespace, operation);
  return answer;
}
