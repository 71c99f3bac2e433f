import { serverIn } from '../postgres/connect.ts';
import type { SecretReference, ServiceDefinition } from '../domain/definition/service.ts';
import { Failure } from '../domain/failures.ts';
import { at, type Endpoint } from '../domain/plan/point-in-time.ts';

/** Every URL of the definition that leads to the server; each Secret and key once. */
export function references({ database }: ServiceDefinition): SecretReference[] {
  const all = [database.url, database.admin, database.extensionAdmin].filter((each) => each !== undefined);
  return all.filter(
    ({ secret, key }, at) => all.findIndex((each) => each.secret === secret && each.key === key) === at,
  );
}

export const keyOf = ({ secret, key }: SecretReference): string => `${secret}.${key}`;
export const describeSecretKey = ({ secret, key }: SecretReference): string => `${secret}/${key}`;
export const same = (one: Endpoint, other: Endpoint): boolean =>
  one.host === other.host && one.port === other.port;

/** @throws Failure SecretChanged; never with the URL, which holds a password */
export function assertKnown(
  url: string,
  reference: SecretReference,
  { from, to }: { from: Endpoint; to: Endpoint },
): void {
  const leads = serverIn(url);
  if (same(leads, from) || same(leads, to)) return;
  throw new Failure(
    'SecretChanged',
    `Secret ${describeSecretKey(reference)} leads to ${at(leads)}, neither to ${at(from)} nor to ${at(to)}.`,
  );
}
