import { deleteJobWholly } from '../../kubernetes/job-removal.ts';
import { cloneDatabase, openClone } from '../../postgres/clones.ts';
import { quoted, withClient } from '../../postgres/connect.ts';
import { dropDatabase } from '../../postgres/databases.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import { adminUrl } from '../connections.ts';
import type { Attempt, Dependencies } from '../dependencies.ts';

/** A scratch copy, and the Job that works on it. */
export interface Copy {
  plan: Plan;
  job: string;
  /** What it is cloned from: the snapshot, or an open database on which nobody writes. */
  from: string;
  /** An open database with the same contents. */
  like: string;
  copy: string;
}

/** Removes Job and copy, of this attempt or of one that died; the Job first, for it would go on. */
export async function clear(
  dependencies: Dependencies,
  { plan, job, copy }: Copy,
  attempt: Attempt,
): Promise<void> {
  const { service, operation } = plan;
  await deleteJobWholly(dependencies.cluster, service.namespace, job, attempt.signal);
  await withClient(await adminUrl(dependencies, service), { operation }, (admin) =>
    dropDatabase(admin, copy, operation),
  );
}

/** Makes the copy: with the settings of the database, open to the application's role and to nobody else. */
export async function make(
  dependencies: Dependencies,
  { plan, from, like, copy }: Copy,
  attempt: Attempt,
): Promise<void> {
  const { service, operation, database } = plan;
  const url = await adminUrl(dependencies, service);
  attempt.progress({ doing: `cloning ${from} as ${copy}` });
  const { notes } = await cloneDatabase(url, {
    from,
    to: copy,
    operation,
    sourceStays: from === like ? 'open' : 'closed',
    within: service.snapshot.within,
    signal: attempt.signal,
  });
  for (const note of notes) attempt.log.warn(note);
  await withClient(url, { operation }, async (admin) => {
    if (database.role !== database.owner)
      await admin.query(`GRANT CONNECT, TEMPORARY ON DATABASE ${quoted(copy)} TO ${quoted(database.role)}`);
    await openClone(admin, copy);
  });
}
