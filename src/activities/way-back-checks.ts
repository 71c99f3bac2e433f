import { withOpenClone } from '../postgres/clones.ts';
import { withClient } from '../postgres/connect.ts';
import { damageIn } from '../postgres/damage.ts';
import { databaseExists } from '../postgres/databases.ts';
import { fingerprint } from '../postgres/fingerprint.ts';
import type { OperationId } from '../domain/names.ts';
import type { MadeSnapshot } from '../domain/snapshot.ts';
import type { CheckArguments } from '../dumps/manifest.ts';
import { whereIs, type Backup } from '../domain/backup.ts';
import { placeNamed } from '../domain/definition/dump-place.ts';
import type { ActivityContext } from './context.ts';
import { Failure, failures } from '../domain/failures.ts';

/**
 * Reads a snapshot again before it is used.
 *
 * @param asking the operation that asks, which may not be the one that made it; `staysOpen` where it may be being
 *   dumped meanwhile
 * @returns why it is no way back: it is gone, cannot be read, or holds something else; undefined where it is one
 * @throws Failure DatabaseUnreachable and others that may mend by themselves
 */
export async function whyUnusable(
  adminUrl: string,
  { database, fingerprint: taken }: MadeSnapshot,
  {
    operation,
    signal,
    staysOpen = false,
  }: { operation: OperationId; signal: AbortSignal; staysOpen?: boolean },
): Promise<string | undefined> {
  const asking = { operation, signal };
  const there = await withClient(adminUrl, asking, (admin) => databaseExists(admin, database));
  if (!there) return 'it is not on the server any more';
  try {
    const found = await withOpenClone(adminUrl, { database, ...asking, staysOpen }, (client) =>
      fingerprint(client),
    );
    if (found.sha256 === taken) return undefined;
    return `its fingerprint is ${found.sha256.slice(0, 12)}…, and was ${taken.slice(0, 12)}…: its contents are not those taken`;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    // What is damaged does not mend, whatever the server calls it.
    if (failures[error.type].retry && damageIn(error) === undefined) throw error;
    return error.message;
  }
}

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
