import { catalog, type Catalog } from '../../postgres/catalog.ts';
import { Failure } from '../../domain/failures.ts';
import type { OperationId } from '../../domain/names.ts';
import type { ActivityContext } from '../context.ts';

const refOf = (operation: OperationId) => `${operation}/catalog-before.json`;

/** Keeps the schema as it is just before the downgrade: `verify` tells old drift from new damage by it. */
export async function keepCatalog({ plan, storage, operation, database }: ActivityContext): Promise<void> {
  const found = await database(plan.database.fencedName, catalog);
  await storage.put(refOf(operation), JSON.stringify(found));
}

/** @returns undefined where it was not kept: somebody else had moved the database */
export async function catalogBefore({ storage, plan }: ActivityContext): Promise<Catalog | undefined> {
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
