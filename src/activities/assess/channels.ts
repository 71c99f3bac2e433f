import { readSecret } from '../../kubernetes/secrets.ts';
import { secretsOf } from '../../domain/definition/notify.ts';
import type { ServiceDefinition } from '../../domain/definition/service.ts';
import type { Dependencies } from '../context.ts';

/** Whom nobody will be able to tell, and why: said beforehand, for it refuses nothing. */
export async function lookAtChannels(
  dependencies: Pick<Dependencies, 'cluster'>,
  { namespace, notify }: Pick<ServiceDefinition, 'namespace' | 'notify'>,
): Promise<string[]> {
  const looked = notify.flatMap((channel) =>
    secretsOf(channel).map(async (reference) => {
      try {
        await readSecret(dependencies.cluster, namespace, reference);
        return [];
      } catch (error) {
        return [`Channel ${channel.name} cannot be told: ${(error as Error).message}`];
      }
    }),
  );
  return (await Promise.all(looked)).flat();
}
