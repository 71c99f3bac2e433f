import { readSecret } from '../../kubernetes/secrets.ts';
import { withDatabase, withServer } from '../../postgres/connect.ts';
import type { Endpoint } from '../../domain/plan/point-in-time.ts';
import type { SecretReference, ServiceDefinition } from '../../domain/definition/service.ts';
import type { Dependencies } from '../dependencies.ts';

/** Every URL of the definition that leads to the server; each Secret and key once. */
export function references({ database }: ServiceDefinition): SecretReference[] {
  const all = [database.url, database.admin, database.extensionAdmin].filter((each) => each !== undefined);
  return all.filter(
    ({ secret, key }, at) => all.findIndex((each) => each.secret === secret && each.key === key) === at,
  );
}

/** The maintenance connection on another server. Roles and passwords there are those of the moment. */
export async function adminOn(
  dependencies: Dependencies,
  service: ServiceDefinition,
  endpoint: Endpoint,
): Promise<string> {
  return withServer(
    await readSecret(dependencies.cluster, service.namespace, service.database.admin),
    endpoint,
  );
}

/** The application's connection on another server, on the database named. */
export async function applicationOn(
  dependencies: Dependencies,
  service: ServiceDefinition,
  endpoint: Endpoint,
  database: string,
): Promise<string> {
  const url = await readSecret(dependencies.cluster, service.namespace, service.database.url);
  return withDatabase(withServer(url, endpoint), database);
}
