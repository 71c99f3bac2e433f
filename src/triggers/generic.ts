import { z } from 'zod';
import type { AlertSource } from '../domain/alert.ts';
import { labels, moment, parsed, said } from './payload.ts';
import { anyFits, credential, fresh, hmac, missing, wrong } from './signature.ts';
import type { Alert, Trigger, Verdict } from './trigger.ts';

export const signatureHeader = 'x-backstep-signature';

/** The form in which anything may send an alert: a script, a CI job, another tool. */
export const plainAlert = z.strictObject({
  fingerprint: z.string().trim().min(1).max(150).describe('Names the incident; the same for each repeat'),
  status: z.enum(['firing', 'resolved']).default('firing'),
  name: z.string().max(1_000).optional(),
  labels: labels.describe('What the rules of a service definition are compared with'),
  summary: z.string().max(10_000).optional(),
  at: moment.optional().describe('When it began to fire'),
});

export const alertOf = (
  source: AlertSource,
  { fingerprint, status, labels, name, summary, at }: z.infer<typeof plainAlert>,
): Alert => ({
  source,
  fingerprint,
  status,
  labels,
  ...said(name, summary),
  ...(at !== undefined && { at: new Date(at).toISOString() }),
});

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
  parse: (body) => [alertOf('generic', parsed(plainAlert, body))],
};
