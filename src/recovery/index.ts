import type { PointInTime } from '../domain/definition/point-in-time.ts';
import type { Provider } from './provider.ts';

/** The provider of a definition. Each is loaded only where it is used: the SDKs take time and memory. */
export async function providerOf(definition: PointInTime): Promise<Provider> {
  switch (definition.provider) {
    case 'rds':
      return (await import('./rds.ts')).rds(definition);
    case 'cloud-sql':
      return (await import('./cloud-sql.ts')).cloudSql(definition);
    case 'azure':
      return (await import('./azure.ts')).azure(definition);
    case 'pgbackrest':
      return (await import('./pgbackrest.ts')).pgbackrest(definition);
  }
  return definition satisfies never;
}
