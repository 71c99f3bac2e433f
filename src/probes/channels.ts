import type { Cluster } from '../kubernetes/cluster.ts';
import { readSecret } from '../kubernetes/secrets.ts';
import { secretsOf } from '../domain/definition/notify.ts';
import type { ServiceDefinition } from '../domain/definition/service.ts';

/** Whom nobody will be able to tell, and why: said beforehand, for it refuses nothing. */
export async function lookAtChannels(
  cluster: Cluster,
  { namespace, notify }: Pick<ServiceDefinition, 'namespace' | 'notify'>,
): Promise<string[]> {
  const looked = notify.flatMap((channel) =>
    secretsOf(channel).map(async (reference) => {
      try {
        await readSecret(cluster, namespace, reference);
        return [];
      } catch (error) {
        return [`Channel ${channel.name} cannot be told: ${(error as Error).message}`];
      }
    }),
  );
  return (await Promise.all(looked)).flat();
}
