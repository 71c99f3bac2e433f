import { deleteSecret, putSecret, readSecret } from '../kubernetes/secrets.ts';
import { withDatabase } from '../postgres/connect.ts';
import { labels, type OperationId } from '../domain/names.ts';
import type { ServiceDefinition } from '../domain/definition/service.ts';
import type { Dependencies } from './dependencies.ts';

/** The maintenance connection of the role that fences the database off. */
export const adminUrl = (dependencies: Dependencies, service: ServiceDefinition): Promise<string> =>
  readSecret(dependencies.cluster, service.namespace, service.database.admin);

/** The application's own URL; with `database`, the same role on another database. */
export async function applicationUrl(
  dependencies: Dependencies,
  service: ServiceDefinition,
  database?: string,
): Promise<string> {
  const url = await readSecret(dependencies.cluster, service.namespace, service.database.url);
  return database === undefined ? url : withDatabase(url, database);
}

/** The connection that may create extensions which are not trusted, where the definition has one. */
export async function extensionAdminUrl(
  dependencies: Dependencies,
  service: ServiceDefinition,
): Promise<string | undefined> {
  const reference = service.database.extensionAdmin;
  return reference === undefined ? undefined : readSecret(dependencies.cluster, service.namespace, reference);
}

/** Which Job a Secret is for; a closed set, so that cleaning up needs no right to list Secrets. */
export const secretParts = [
  'inspect',
  'back-up',
  'drill',
  'copy-live',
  'rehearse',
  'rehearse-target',
  'rehearse-before',
  'downgrade',
  'verify',
  'verify-before',
  'restore',
  'salvage',
  'restore-beside',
  'data-diff',
] as const;
export type SecretPart = (typeof secretParts)[number];

/** Keys of a Job's Secret. */
export const secretKeys = { application: 'DATABASE_URL', admin: 'ADMIN_URL' } as const;

/**
 * Makes the short-lived Secret `<operation>-<part>` for a Job: the application's URL and the admin's, on the
 * database named, which may be aside or beside (DESIGN, The fence).
 *
 * @returns the Secret's name, in the namespace of the service
 * @throws Failure SecretMissing, KubernetesRightMissing
 */
export async function jobSecret(
  dependencies: Dependencies,
  of: {
    operation: OperationId;
    service: ServiceDefinition;
    part: SecretPart;
    database: string;
    /** For the admin's URL, where it is another one. */
    adminDatabase?: string;
  },
): Promise<string> {
  const { operation, service, part, database, adminDatabase = database } = of;
  const name = `${operation}-${part}`;
  const content = {
    [secretKeys.application]: await applicationUrl(dependencies, service, database),
    [secretKeys.admin]: withDatabase(await adminUrl(dependencies, service), adminDatabase),
  };
  await putSecret(dependencies.cluster, service.namespace, name, content, { [labels.operation]: operation });
  return name;
}

/** Deletes the Secrets of an operation's Jobs; those that are gone, or never were, are fine. */
export async function removeJobSecrets(
  dependencies: Dependencies,
  { operation, service }: { operation: OperationId; service: ServiceDefinition },
): Promise<void> {
  for (const part of secretParts)
    await deleteSecret(dependencies.cluster, service.namespace, `${operation}-${part}`);
}
