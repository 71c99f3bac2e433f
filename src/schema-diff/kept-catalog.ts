import type { Catalog } from '../postgres/catalog.ts';
import type { Storage } from '../storage/storage.ts';
import { Failure } from '../domain/failures.ts';
import type { OperationId } from '../domain/names.ts';

const refOf = (operation: OperationId) => `${operation}/catalog-before.json`;

/** Keeps the schema as it is just before the downgrade: `verify` tells old drift from new damage by it. */
export async function keepCatalog(storage: Storage, operation: OperationId, found: Catalog): Promise<void> {
  await storage.put(refOf(operation), JSON.stringify(found));
}

/**
 * @param operations whose it may be, the first one that kept it
 * @returns undefined where none did: somebody else had moved the database
 */
export async function catalogBefore(
  storage: Storage,
  operations: readonly OperationId[],
): Promise<Catalog | undefined> {
  for (const operation of operations) {
    try {
      return JSON.parse(new TextDecoder().decode(await storage.get(refOf(operation)))) as Catalog;
    } catch (error) {
      if (!(error instanceof Failure && error.type === 'StorageFailed')) throw error;
    }
  }
  return undefined;
}
