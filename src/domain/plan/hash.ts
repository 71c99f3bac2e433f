import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

/** JSON with keys in order, so that equal values have equal text. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/**
 * The hash that a person approves: the first 12 hexadecimal digits of SHA-256 over the canonical JSON, short
 * enough to be read aloud. Pure, so that workflows can compute it (they have no node:crypto).
 */
export const shortHash = (value: unknown): string =>
  bytesToHex(sha256(utf8ToBytes(canonical(value)))).slice(0, 12);
