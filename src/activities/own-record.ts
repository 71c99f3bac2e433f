import { readRecord } from '../kubernetes/records.ts';
import { Failure } from '../domain/failures.ts';
import type { Plan } from '../domain/plan/plan.ts';
import type { OperationRecord } from '../domain/record.ts';
import type { Dependencies } from './dependencies.ts';

/**
 * The operation record of this very operation (law 6).
 *
 * @throws Failure OperationLost where another operation holds it, or where it is closed
 */
export async function ownRecord(
  dependencies: Dependencies,
  { database, operation }: Pick<Plan, 'database' | 'operation'>,
): Promise<OperationRecord> {
  const { record } = await readRecord(dependencies.cluster, dependencies.recordsNamespace, database);
  if (record?.operation === operation) return record;
  throw new Failure('OperationLost', `The record of ${database.name} is not of ${operation} any more.`);
}
