import { catalog, type Catalog } from '../../postgres/catalog.ts';
import { withClient } from '../../postgres/connect.ts';
import { Failure } from '../../domain/failures.ts';
import type { OperationId } from '../../domain/names.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import { applicationUrl } from '../connections.ts';
import type { Dependencies } from '../dependencies.ts';

const refOf = (operation: OperationId) => `${operation}/catalog-before.json`;

/** Keeps the schema as it is just before the downgrade: `verify` tells old drift from new damage by it. */
export async function keepCatalog(
  dependencies: Dependencies,
  { service, database, operation }: Plan,
): Promise<void> {
  const url = await applicationUrl(dependencies, service, database.fencedName);
  const found = await withClient(url, { operation }, catalog);
  await dependencies.storage.put(refOf(operation), JSON.stringify(found));
}

/** @returns undefined where it was not kept: somebody else had moved the database */
export async function catalogBefore({ storage }: Dependencies, plan: Plan): Promise<Catalog | undefined> {
  const operations = [plan.operation, plan.takesUp?.operation].filter((each) => each !== undefined);
  for (const operation of operations) {
    try {
      return JSON.parse(new TextDecoder().decode(await storage.get(refOf(operation)))) as Catalog;
    } catch (error) {
      if (!(error instanceof Failure && error.type === 'StorageFailed')) throw error;
    }
  }
  return undefined;
}
