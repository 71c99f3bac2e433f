import { readSecret } from '../../kubernetes/secrets.ts';
import type { TellInput, TellingDeeds, Tiding } from '../../views/notification.ts';
import { tellBy } from '../../notifications/index.ts';
import type { Attempt, Means } from '../means.ts';
import { redact } from '../redact.ts';

/** People's own words, and lines of logs, may carry a secret; and where the page is, only a worker knows. */
const asSent = (tiding: Tiding, { publicUrl }: Means): Tiding => ({
  ...tiding,
  title: redact(tiding.title),
  lines: tiding.lines.map(redact),
  ...(publicUrl !== undefined && { link: `${publicUrl}/rollbacks/${tiding.service}` }),
});

/**
 * Tells one channel one tiding. Wanted: it was taken. Not looked at first, since no channel can be asked; whoever
 * gets it twice knows it by its key.
 *
 * @throws Failure NotTold, ChannelRefused, SecretMissing, KubernetesUnreachable, KubernetesRightMissing
 */
export async function tell(
  means: Means,
  { namespace, to, tiding }: TellInput,
  attempt: Attempt,
): ReturnType<TellingDeeds['tell']> {
  attempt.progress({ doing: `telling ${to.name}` });
  const missed = await tellBy(to, asSent(tiding, means), {
    secret: (reference) => readSecret(means.cluster, namespace, reference),
    signal: attempt.signal,
  });
  return { told: true, ...(missed.length > 0 && { missed }) };
}
