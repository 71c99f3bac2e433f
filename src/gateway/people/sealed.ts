import { hkdfSync } from 'node:crypto';
import { EncryptJWT, jwtDecrypt } from 'jose';
import type { JWTPayload } from 'jose';

/** Something to carry that only gateways with the same secret can read or make, and for a while only. */
export interface Seal {
  close(claims: JWTPayload, seconds: number): Promise<string>;
  /** Undefined where it was not made by us for this purpose, or is too old. */
  open(sealed: string | undefined): Promise<JWTPayload | undefined>;
}

/** @param purpose what was sealed for one purpose opens for no other */
export function sealFor(purpose: string, secret: Uint8Array): Seal {
  const key = new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(), `backstep ${purpose}`, 32));
  return {
    close: (claims, seconds) =>
      new EncryptJWT(claims)
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .setIssuedAt()
        .setExpirationTime(`${seconds}s`)
        .encrypt(key),
    open: async (sealed) => {
      if (sealed === undefined) return undefined;
      try {
        const algorithms = { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] };
        return (await jwtDecrypt(sealed, key, algorithms)).payload;
      } catch {
        return undefined;
      }
    },
  };
}
