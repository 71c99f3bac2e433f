import { Webhook } from 'standardwebhooks';
import { Failure } from '../domain/failures.ts';
import type { NotifyOf } from '../domain/definition/notify.ts';
import type { Tiding } from '../views/notification.ts';
import { post } from './post.ts';
import type { Telling } from './channel.ts';

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
 * By POST, signed as Standard Webhooks has it; `webhook-id` is the tiding's key, the same for each attempt.
 * Throws Failure NotTold, ChannelRefused.
 */
export async function tellWebhook(
  { name, url, secret: key }: NotifyOf<'webhook'>,
  tiding: Tiding,
  { secret, signal }: Telling,
): Promise<void> {
  const target = typeof url === 'string' ? url : await secret(url);
  const body = JSON.stringify({
    type: `backstep.${tiding.kind}.${tiding.state}`,
    timestamp: tiding.at,
    data: tiding,
  });
  const now = new Date();
  const headers = {
    'webhook-id': tiding.key,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
    'webhook-signature': signer(name, await secret(key)).sign(tiding.key, now, body),
  };
  await post(`Webhook ${name}`, target, body, headers, signal);
}
