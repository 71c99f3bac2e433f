import { openToPublic } from '../../postgres/clones.ts';
import { withClient } from '../../postgres/connect.ts';
import type { ActivityInput } from '../../domain/deeds.ts';
import type { OperationRecord } from '../../domain/record.ts';
import { adminUrl } from '../connections.ts';
import type { Attempt, Dependencies } from '../dependencies.ts';
import { whyUnusable } from '../snapshot/proof.ts';

export interface Restoring {
  dependencies: Dependencies;
  input: ActivityInput<'restore'>;
  attempt: Attempt;
  record: OperationRecord;
}

/** What takes the place of the database that is fenced off, and what a person must know of it or do. */
export type Source = NonNullable<OperationRecord['restoring']>;

/**
 * The snapshot, ready to take the place of the database that is fenced off. It is read again first: what somebody
 * changed meanwhile is left as it is, and said.
 *
 * @returns why there is none that does
 */
export async function fromPoint({
  dependencies,
  input,
  attempt,
  record,
}: Restoring): Promise<Source | { whyNot: string }> {
  const { operation, service } = input.plan;
  const snapshot = record.snapshot ?? input.snapshot;
  if (!snapshot.made) return { whyNot: `none was made (${snapshot.why})` };
  const url = await adminUrl(dependencies, service);
  attempt.progress({ doing: `reads the snapshot ${snapshot.database} again` });
  const why = await whyUnusable(url, snapshot, { operation, signal: attempt.signal });
  if (why !== undefined) return { whyNot: `${snapshot.database} does not do: ${why}` };
  await withClient(url, { operation }, (admin) =>
    openToPublic(admin, snapshot.database, snapshot.publicPrivileges),
  );
  return { from: 'snapshot', database: snapshot.database, notes: snapshot.notes ?? [] };
}
