import { base } from '../../migrations/alembic/target.ts';
import { revisions } from '../../postgres/revision.ts';
import { Failure } from '../../domain/failures.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import type { ActivityContext } from '../context.ts';

/** The revision by SQL, not by what a Job says: `base`, one, or several joined by a comma. */
export async function revisionNow({ plan, service, database }: ActivityContext): Promise<string> {
  const { versionTable } = service.migrations;
  const found = await database(plan.database.fencedName, (client) => revisions(client, versionTable));
  return found.join(', ') || base;
}

/** Neither where it was nor where it should be: only a person can say what follows. */
export function unclear({ from, target }: Plan, at: string, said: string): Failure {
  return new Failure(
    'DowngradeUnclear',
    `The database is at ${at}, neither at ${from} nor at ${target}. ${said}`,
  );
}
