import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { BinaryLike } from 'node:crypto';
import type { Verdict } from './trigger.ts';

/** How far the time of a signature may lie from ours, either way; milliseconds. */
const window = 5 * 60_000;

const digest = (text: string) => createHash('sha256').update(text).digest();

/** Compares in a time that tells neither where two texts differ nor how long they are. */
export const same = (one: string, other: string) => timingSafeEqual(digest(one), digest(other));

export const hmac = (
  key: BinaryLike,
  parts: readonly (string | Uint8Array)[],
  encoding: 'hex' | 'base64',
): string => {
  const mac = createHmac('sha256', key);
  for (const part of parts) mac.update(part);
  return mac.digest(encoding);
};

/** True where one of the secrets fits one of what was sent; all pairs are compared, found or not. */
export function anyFits(secrets: readonly string[], sent: readonly string[], of: (secret: string) => string) {
  let fits = false;
  for (const secret of secrets) {
    const expected = of(secret);
    for (const one of sent) fits = same(expected, one) || fits;
  }
  return fits;
}

/** The secret of an `Authorization` header: a Bearer token, or the password of Basic. */
export function credential(headers: Headers): string | undefined {
  const [, scheme = '', sent = ''] = /^(\S+) +(\S.*)$/.exec(headers.get('authorization') ?? '') ?? [];
  if (sent === '') return undefined;
  if (scheme.toLowerCase() === 'bearer') return sent;
  if (scheme.toLowerCase() !== 'basic') return undefined;
  const pair = Buffer.from(sent, 'base64').toString('utf8');
  return pair.slice(pair.indexOf(':') + 1);
}

export const missing = (what: string): Verdict => ({ refused: 401, why: `${what} is missing` });
export const wrong = (what: string): Verdict => ({
  refused: 403,
  why: `${what} fits no secret that is set up here`,
});

/** What a signature's own time, in seconds since 1970, says of a request that is signed rightly. */
export function fresh(seconds: string, now: number): Verdict {
  const apart = now - Number(seconds) * 1_000;
  if (/^\d{1,12}$/.test(seconds) && Math.abs(apart) <= window) return 'verified';
  return {
    refused: 403,
    why: `its signature is not of the last 5 minutes (timestamp ${seconds.slice(0, 20)})`,
  };
}
