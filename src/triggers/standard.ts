import { z } from 'zod';
import { parsed, plainAlert, plainAlertOf } from './payload.ts';
import { anyFits, fresh, hmac, missing, wrong } from './signature.ts';
import type { Trigger } from './trigger.ts';

const event = z.object({ type: z.string().max(200), data: plainAlert });

/** Base64 behind a prefix that says what it is. Of what is no base64 little or nothing is left: that is no key. */
const shortestKey = 16;
const keyOf = (secret: string) => Buffer.from(secret.replace(/^whsec_/, ''), 'base64');

/**
 * Standard Webhooks (standardwebhooks.com): `{type, timestamp, data}` with an alert as `data`. Not by `verify` of the
 * package `standardwebhooks`, with which webhooks are signed: it signs the body as text, so bytes that are no UTF-8
 * pass as others do, it says no more than that something does not fit, and it reads the clock itself.
 */
export const standard: Trigger = {
  source: 'standard',
  verify: ({ headers, body, now }, secrets) => {
    const id = headers.get('webhook-id');
    const timestamp = headers.get('webhook-timestamp');
    const header = headers.get('webhook-signature');
    if (id === null || timestamp === null || header === null)
      return missing('one of the headers webhook-id, webhook-timestamp and webhook-signature');
    const sent = header.split(' ', 10).filter((one) => one.startsWith('v1,'));
    const signed = [id, '.', timestamp, '.', body];
    const keys = secrets.filter((secret) => keyOf(secret).length >= shortestKey);
    const fits = anyFits(keys, sent, (secret) => `v1,${hmac(keyOf(secret), signed, 'base64')}`);
    return fits ? fresh(timestamp, now) : wrong('the signature');
  },
  parse: (body) => [plainAlertOf('standard', parsed(event, body).data)],
};
