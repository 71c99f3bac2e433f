import type { CheckArguments } from '../../dumps/manifest.ts';
import type { Backup } from '../../domain/deeds.ts';
import { Failure } from '../../domain/failures.ts';
import { placeOfBackup } from '../../domain/definition/backup.ts';
import type { Attempt, Dependencies } from '../dependencies.ts';
import { ownProgram, type Asking } from '../own-program.ts';

/**
 * Looks by a Job whether a dump is still where it was put, and has the SHA-256 that was proved.
 *
 * @param part tells this look's Job apart
 * @returns why it is no way back; undefined where it is one
 * @throws Failure JobNotStarted and others that say nothing of the dump
 */
export async function whyGone(
  dependencies: Dependencies,
  asking: Asking,
  attempt: Attempt,
  backup: Backup,
  part: string,
): Promise<string | undefined> {
  const { operation, service } = asking.plan;
  const { file, format, sha256, claim, bucket } = backup;
  const place = placeOfBackup(service.backup, backup);
  // A Job mounts the definition's claim only, and reaches its bucket only.
  if (place === undefined || claim !== service.backup.claim || bucket !== service.backup.s3?.bucket)
    return `${file} is not where the definition keeps dumps`;
  const wanted: CheckArguments = { operation, place, file, ...(format && { format }), sha256 };
  const wish = { step: 'back-up', program: 'check', part, arguments: wanted } as const;
  try {
    await ownProgram(dependencies, asking, attempt, wish, 'BackupNotProved');
    return undefined;
  } catch (error) {
    if (!(error instanceof Failure) || error.type !== 'BackupNotProved') throw error;
    return error.message;
  }
}
