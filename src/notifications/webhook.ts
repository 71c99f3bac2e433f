import { Webhook } from 'standardwebhooks';
import { Failure } from '../domain/failures.ts';
import type { NotifyOf } from '../domain/definition/notify.ts';
import type { Notification } from '../views/notification.ts';
import { post } from './post.ts';
import type { Delivery } from './channel.ts';

/** Throws Failure ChannelRefused for a secret that signs nothing. */
function signer(name: string, secret: string): Webhook {
  try {
    if (secret.startsWith('whsec_')) return new Webhook(secret);
    return new Webhook(new TextEncoder().encode(secret), { format: 'raw' });
  } catch {
    throw new Failure('ChannelRefused', `Webhook ${name}: its secret is no base64 after whsec_`);
  }
}

/**
 * By POST, signed as Standard Webhooks has it; `webhook-id` is the notification's key, the same for each attempt.
 * Throws Failure NotDelivered, ChannelRefused.
 */
export async function notifyWebhook(
  { name, url, secret: key }: NotifyOf<'webhook'>,
  notification: Notification,
  { secret, signal }: Delivery,
): Promise<void> {
  const target = typeof url === 'string' ? url : await secret(url);
  const body = JSON.stringify({
    type: `backstep.${notification.kind}.${notification.state}`,
    timestamp: notification.at,
    data: notification,
  });
  const now = new Date();
  const headers = {
    'webhook-id': notification.key,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
    'webhook-signature': signer(name, await secret(key)).sign(notification.key, now, body),
  };
  await post(`Webhook ${name}`, target, body, headers, signal);
}
