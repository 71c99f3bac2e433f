import type { ArtifactArguments, ArtifactFiles } from './job.ts';
import { deleteOperationJobs } from '../../../kubernetes/jobs.ts';
import { Failure } from '../../../domain/failures.ts';
import { placeOf } from '../../../domain/definition/backup.ts';
import type { Attempt, Dependencies } from '../../dependencies.ts';
import { ownProgram } from '../../own-program.ts';
import type { Asked } from './find.ts';

/** The files where the dumps lie, listed by a Job; where that cannot be done, why. */
export async function keptFiles(
  dependencies: Dependencies,
  asked: Asked,
  attempt: Attempt,
): Promise<{ files: ArtifactFiles['files']; notes: string[] }> {
  try {
    const { files } = await run(dependencies, asked, attempt, 'list', {});
    return { files, notes: [] };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { files: [], notes: [`Dumps and salvage files could not be listed: ${error.message}`] };
  }
}

/** Deletes files by a Job. Throws Failure Refused, BackupFailed, JobNotStarted. */
export async function removeFiles(
  dependencies: Dependencies,
  asked: Asked,
  attempt: Attempt,
  remove: string[],
): Promise<void> {
  await run(dependencies, asked, attempt, 'remove', { remove });
}

async function run(
  dependencies: Dependencies,
  { service, operation }: Asked,
  attempt: Attempt,
  part: 'list' | 'remove',
  more: Pick<ArtifactArguments, 'remove'>,
): Promise<ArtifactFiles> {
  const jobImage = service.backup.image ?? dependencies.jobImage;
  if (jobImage === undefined)
    throw new Failure(
      'JobNotStarted',
      'Neither the definition (backup.image) nor BACKSTEP_JOB_IMAGE names the job image.',
    );
  const { prefix } = service.backup.s3 ?? {};
  const wanted: ArtifactArguments = {
    operation,
    service: service.service,
    place: placeOf(service.backup),
    ...(prefix !== undefined && { prefix }),
    ...more,
  };
  attempt.progress({ doing: part === 'list' ? 'lists dumps by a Job' : 'deletes files by a Job' });
  const of = { plan: { service, operation, jobImage }, try: 1 };
  const wish = { step: 'artifacts', program: 'artifacts', part, arguments: wanted } as const;
  const answer = await ownProgram<ArtifactFiles>(dependencies, of, attempt, wish, 'BackupFailed');
  await deleteOperationJobs(dependencies.cluster, service.namespace, operation);
  return answer;
}
