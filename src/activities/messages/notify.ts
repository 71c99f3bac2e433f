import { readSecret } from '../../kubernetes/secrets.ts';
import type { NotifyInput, NotificationActivities, Notification } from '../../views/notification.ts';
import { notifyBy } from '../../notifications/index.ts';
import type { BaseContext } from '../context.ts';
import { redact } from '../../domain/redact.ts';

/** People's own words, and lines of logs, may carry a secret; and where the page is, only a worker knows. */
const asSent = (notification: Notification, { publicUrl }: BaseContext): Notification => ({
  ...notification,
  title: redact(notification.title),
  lines: notification.lines.map(redact),
  ...(publicUrl !== undefined && { link: `${publicUrl}/rollbacks/${notification.service}` }),
});

/**
 * Tells one channel one notification. Wanted: it was taken. Not looked at first, since no channel can be asked; whoever
 * gets it twice knows it by its key.
 *
 * @throws Failure NotDelivered, ChannelRefused, SecretMissing, KubernetesUnreachable, KubernetesRightMissing
 */
export async function notify(
  context: BaseContext,
  { namespace, to, notification }: NotifyInput,
): ReturnType<NotificationActivities['notify']> {
  context.progress({ doing: `telling ${to.name}` });
  const missed = await notifyBy(to, asSent(notification, context), {
    secret: (reference) => readSecret(context.cluster, namespace, reference),
    signal: context.signal,
  });
  return { delivered: true, ...(missed.length > 0 && { missed }) };
}
