import type { Notify } from '../domain/definition/notify.ts';
import type { Notification } from '../views/notification.ts';
import { notifyEmail } from './email.ts';
import { notifyPagerDuty } from './pagerduty.ts';
import { notifySlack } from './slack.ts';
import type { Channel, Delivery } from './channel.ts';
import { notifyWebhook } from './webhook.ts';

/** Every kind of channel, a line each. */
const channels: { [C in Notify['channel']]: Channel<C> } = {
  slack: notifySlack,
  pagerduty: notifyPagerDuty,
  webhook: notifyWebhook,
  email: notifyEmail,
};

/**
 * Tells one channel one notification. Once is not promised of Slack: a worker that dies between Slack's answer and its
 * own tells it again; the other channels know a repeat by the notification's key.
 *
 * @returns addresses that the channel would not take, while it took others
 * @throws Failure NotDelivered where it may be tried again, ChannelRefused where it makes no sense
 */
export async function notifyBy(
  to: Notify,
  notification: Notification,
  delivery: Delivery,
): Promise<string[]> {
  // The schema ties `channel` to the other keys; TypeScript cannot follow that through the table.
  const tell = channels[to.channel] as Channel<typeof to.channel>;
  return (await tell(to, notification, delivery)) ?? [];
}
