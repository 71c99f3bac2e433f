import type { Notify } from '../domain/definition/notify.ts';
import type { Notification } from '../views/notification.ts';
import { notifyEmail } from './email.ts';
import { notifyPagerDuty } from './pagerduty.ts';
import { notifySlack } from './slack.ts';
import type { Delivery } from './channel.ts';
import { notifyWebhook } from './webhook.ts';

/**
 * Tells one channel one notification. Once is not promised of Slack: a worker that dies between Slack's answer and its
 * own tells it again; the other channels know a repeat by the notification's key.
 *
 * @returns addresses that the channel would not take, while it took others
 * @throws Failure NotDelivered where it may be tried again, ChannelRefused where it makes no sense
 */
export async function notifyBy(to: Notify, notification: Notification, telling: Delivery): Promise<string[]> {
  switch (to.channel) {
    case 'slack':
      await notifySlack(to, notification, telling);
      return [];
    case 'pagerduty':
      await notifyPagerDuty(to, notification, telling);
      return [];
    case 'webhook':
      await notifyWebhook(to, notification, telling);
      return [];
    case 'email':
      return notifyEmail(to, notification, telling);
  }
  return to satisfies never;
}
