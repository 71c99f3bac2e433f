import { parsed, plainAlert, plainAlertOf } from './payload.ts';
import { anyFits, credential, fresh, hmac, missing, wrong } from './signature.ts';
import type { Trigger, Verdict } from './trigger.ts';

export const signatureHeader = 'x-backstep-signature';

/** `t=<seconds since 1970>,v1=<hex>`: HMAC-SHA256 over `t.body`; `v1` as often as there are secrets. */
function signed(header: string, body: Uint8Array, now: number, secrets: readonly string[]): Verdict {
  const parts = header.split(',', 10).map((part) => part.trim());
  const time = parts.find((part) => part.startsWith('t='))?.slice('t='.length) ?? '';
  const sent = parts.filter((part) => part.startsWith('v1='));
  const fits = anyFits(secrets, sent, (secret) => `v1=${hmac(secret, [time, '.', body], 'hex')}`);
  return fits ? fresh(time, now) : wrong('the signature');
}

/** Anything else: signed, or with the secret as a Bearer token where the sender cannot sign. */
export const generic: Trigger = {
  source: 'generic',
  verify: ({ headers, body, now }, secrets) => {
    const header = headers.get(signatureHeader);
    if (header !== null) return signed(header, body, now, secrets);
    const sent = credential(headers);
    if (sent === undefined) return missing(`the header ${signatureHeader}, or Authorization: Bearer,`);
    return anyFits(secrets, [sent], (secret) => secret) ? 'verified' : wrong('the credential');
  },
  parse: (body) => [plainAlertOf('generic', parsed(plainAlert, body))],
};
