import type { Notify } from '../domain/definition/notify.ts';
import type { Tiding } from '../views/notification.ts';
import { tellEmail } from './email.ts';
import { tellPagerDuty } from './pagerduty.ts';
import { tellSlack } from './slack.ts';
import type { Telling } from './channel.ts';
import { tellWebhook } from './webhook.ts';

/**
 * Tells one channel one tiding. Once is not promised of Slack: a worker that dies between Slack's answer and its
 * own tells it again; the other channels know a repeat by the tiding's key.
 *
 * @returns addresses that the channel would not take, while it took others
 * @throws Failure NotTold where it may be tried again, ChannelRefused where it makes no sense
 */
export async function tellBy(to: Notify, tiding: Tiding, telling: Telling): Promise<string[]> {
  switch (to.channel) {
    case 'slack':
      await tellSlack(to, tiding, telling);
      return [];
    case 'pagerduty':
      await tellPagerDuty(to, tiding, telling);
      return [];
    case 'webhook':
      await tellWebhook(to, tiding, telling);
      return [];
    case 'email':
      return tellEmail(to, tiding, telling);
  }
  return to satisfies never;
}
