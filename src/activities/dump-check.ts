import type { CheckArguments } from '../dumps/manifest.ts';
import { whereIs, type Backup } from '../domain/backup.ts';
import { placeNamed } from '../domain/definition/dump-place.ts';
import { Failure } from '../domain/failures.ts';
import type { ActivityContext } from './context.ts';

/**
 * Looks by a Job whether a dump is still where it was put, and has the SHA-256 that was proved.
 *
 * @param part tells this look's Job apart
 * @returns why it is no way back; undefined where it is one
 * @throws Failure JobNotStarted and others that say nothing of the dump
 */
export async function whyGone(
  context: ActivityContext,
  backup: Backup,
  part: string,
): Promise<string | undefined> {
  const { operation, service } = context;
  const { file, format, sha256 } = backup;
  const place = placeNamed(backup.store, service.backup);
  if (place === undefined) return `${whereIs(backup)} is not where the definition keeps dumps`;
  const wanted: CheckArguments = { operation, place, file, format, sha256 };
  try {
    await context.runJob('check', wanted, { step: 'back-up', part, orElse: 'BackupNotProved' });
    return undefined;
  } catch (error) {
    if (!(error instanceof Failure) || error.type !== 'BackupNotProved') throw error;
    return error.message;
  }
}
