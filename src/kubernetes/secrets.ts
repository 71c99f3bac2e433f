import { Failure } from '../domain/failures.ts';
import { labels as ours } from '../domain/names.ts';
import type { SecretReference } from '../domain/definition/service.ts';
import { ask, find, kubernetesFailure, statusOf } from './answer.ts';
import type { Cluster } from './cluster.ts';

/**
 * Reads one value of a Secret. A trailing line break, which `kubectl create secret --from-file` keeps, is no
 * part of it.
 *
 * @throws Failure SecretMissing where the Secret, its key, or any content is missing.
 */
export async function readSecret(cluster: Cluster, namespace: string, ref: SecretReference): Promise<string> {
  const secret = await find(
    `read Secret ${namespace}/${ref.secret}`,
    cluster.core.readNamespacedSecret({ namespace, name: ref.secret }),
  );
  if (secret === undefined) {
    throw new Failure('SecretMissing', `There is no Secret ${namespace}/${ref.secret}.`);
  }
  const encoded = secret.data?.[ref.key];
  const value =
    encoded === undefined
      ? ''
      : Buffer.from(encoded, 'base64')
          .toString('utf8')
          .replace(/\r?\n$/, '');
  if (value === '') {
    const keys = Object.keys(secret.data ?? {}).join(', ') || 'none';
    throw new Failure(
      'SecretMissing',
      `Secret ${namespace}/${ref.secret} has nothing under the key ${ref.key}; its keys: ${keys}.`,
    );
  }
  return value;
}

/**
 * Makes a Secret of an operation, or gives it this content where it exists.
 *
 * @throws Failure Unexpected where a Secret of that name belongs to somebody else.
 */
export async function putSecret(
  cluster: Cluster,
  namespace: string,
  name: string,
  data: Record<string, string>,
  labels: Record<string, string>,
): Promise<void> {
  const body = { metadata: { name, namespace, labels }, type: 'Opaque', stringData: data };
  const doing = `write Secret ${namespace}/${name}`;
  try {
    await cluster.core.createNamespacedSecret({ namespace, body });
    return;
  } catch (error) {
    if (statusOf(error) !== 409) throw kubernetesFailure(error, doing);
  }
  const found = await ask(doing, cluster.core.readNamespacedSecret({ namespace, name }));
  if (found.metadata?.labels?.[ours.operation] !== labels[ours.operation]) {
    throw new Failure('Unexpected', `Secret ${namespace}/${name} exists and is not of this operation.`);
  }
  await ask(doing, cluster.core.replaceNamespacedSecret({ namespace, name, body }));
}

const tries = 10;

/** The values of a Secret as they are; undefined where there is none. */
export async function secretValues(
  cluster: Cluster,
  namespace: string,
  name: string,
): Promise<Record<string, string> | undefined> {
  const found = await find(
    `read Secret ${namespace}/${name}`,
    cluster.core.readNamespacedSecret({ namespace, name }),
  );
  return found && decoded(found.data);
}

const decoded = (data: Record<string, string> = {}): Record<string, string> =>
  Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
  );

/**
 * Changes one value of somebody else's Secret, and nothing else of it: written only over what was read, so that
 * a change by others in between is seen, and considered anew. The same value is not written.
 *
 * @param change answers with the new value; may run more than once
 * @throws Failure SecretMissing, KubernetesUnreachable, and whatever `change` throws
 */
export async function changeSecret(
  cluster: Cluster,
  namespace: string,
  { secret: name, key }: SecretReference,
  change: (value: string) => string,
): Promise<void> {
  const doing = `change Secret ${namespace}/${name}`;
  for (let left = tries; left > 0; left--) {
    const found = await find(doing, cluster.core.readNamespacedSecret({ namespace, name }));
    const before = decoded(found?.data)[key];
    if (found === undefined || before === undefined)
      throw new Failure('SecretMissing', `Secret ${namespace}/${name} has nothing under the key ${key}.`);
    const after = change(before);
    if (after === before) return;
    try {
      // With the resourceVersion that was read, the API server refuses where somebody wrote in between.
      found.data = { ...found.data, [key]: Buffer.from(after, 'utf8').toString('base64') };
      await cluster.core.replaceNamespacedSecret({ namespace, name, body: found });
      return;
    } catch (error) {
      if (statusOf(error) !== 409) throw kubernetesFailure(error, doing);
    }
  }
  throw new Failure(
    'KubernetesUnreachable',
    `Secret ${namespace}/${name} was changed by others ${tries} times in a row.`,
  );
}

/** Deletes a Secret; one that is gone already is fine. */
export async function deleteSecret(cluster: Cluster, namespace: string, name: string): Promise<void> {
  await find(`delete Secret ${namespace}/${name}`, cluster.core.deleteNamespacedSecret({ namespace, name }));
}
