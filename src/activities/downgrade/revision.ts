import { base } from '../../migrations/alembic/target.ts';
import { withClient } from '../../postgres/connect.ts';
import { revisions } from '../../postgres/revision.ts';
import { Failure } from '../../domain/failures.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import { applicationUrl } from '../connections.ts';
import type { Dependencies } from '../dependencies.ts';

/** The revision by SQL, not by what a Job says: `base`, one, or several joined by a comma. */
export async function revisionNow(
  dependencies: Dependencies,
  { service, database, operation }: Plan,
): Promise<string> {
  const url = await applicationUrl(dependencies, service, database.fencedName);
  const { versionTable } = service.migrations;
  const found = await withClient(url, { operation }, (client) => revisions(client, versionTable));
  return found.join(', ') || base;
}

/** Neither where it was nor where it should be: only a person can say what follows. */
export function unclear({ from, target }: Plan, at: string, said: string): Failure {
  return new Failure(
    'DowngradeUnclear',
    `The database is at ${at}, neither at ${from} nor at ${target}. ${said}`,
  );
}
