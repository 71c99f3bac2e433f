import { openToPublic } from '../../postgres/clones.ts';
import { withClient } from '../../postgres/connect.ts';
import type { DeedInput } from '../../domain/deeds.ts';
import type { OperationRecord } from '../../domain/record.ts';
import { adminUrl } from '../connections.ts';
import type { Attempt, Means } from '../means.ts';
import { whyUnusable } from '../snapshot/proof.ts';

export interface Restoring {
  means: Means;
  input: DeedInput<'restore'>;
  attempt: Attempt;
  record: OperationRecord;
}

/** What takes the place of the database that is aside, and what a person must know of it or do. */
export type Source = NonNullable<OperationRecord['restoring']>;

/**
 * The restore point, ready to take the place of the database that is aside. It is read again first: what somebody
 * changed meanwhile is left as it is, and said.
 *
 * @returns why there is none that does
 */
export async function fromPoint({
  means,
  input,
  attempt,
  record,
}: Restoring): Promise<Source | { whyNot: string }> {
  const { operation, service } = input.plan;
  const point = record.point ?? input.point;
  if (!point.made) return { whyNot: `none was made (${point.why})` };
  const url = await adminUrl(means, service);
  attempt.progress({ doing: `reads the restore point ${point.database} again` });
  const why = await whyUnusable(url, point, { operation, signal: attempt.signal });
  if (why !== undefined) return { whyNot: `${point.database} does not do: ${why}` };
  await withClient(url, { operation }, (admin) =>
    openToPublic(admin, point.database, point.publicPrivileges),
  );
  return { from: 'restore-point', database: point.database, notes: point.notes ?? [] };
}
