import { revisionOf } from '../../migrations/version-table.ts';
import { Failure } from '../../domain/failures.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import type { ActivityContext } from '../context.ts';

/** The revision by SQL, not by what a Job says: `base`, one, or several joined by a comma. */
export const revisionNow = ({ plan, tool, database }: ActivityContext): Promise<string> =>
  database(plan.database.fencedName, (client) => revisionOf(client, tool));

/** Neither where it was nor where it should be: only a person can say what follows. */
export function unclear({ from, target }: Plan, at: string, said: string): Failure {
  return new Failure(
    'DowngradeUnclear',
    `The database is at ${at}, neither at ${from} nor at ${target}. ${said}`,
  );
}
