import type { SecretReference, ServiceDefinition } from '../../domain/definition/service.ts';

/** Every URL of the definition that leads to the server; each Secret and key once. */
export function references({ database }: ServiceDefinition): SecretReference[] {
  const all = [database.url, database.admin, database.extensionAdmin].filter((each) => each !== undefined);
  return all.filter(
    ({ secret, key }, at) => all.findIndex((each) => each.secret === secret && each.key === key) === at,
  );
}
