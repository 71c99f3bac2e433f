import { randomUUID } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import type { JSONWebKeySet, JWK } from 'jose';
import { z } from 'zod';

/** The files that `createKeys` writes: the private key is the gateway's alone, the public ones are the workers'. */
export const keyFiles = { private: 'gateway.key.json', public: 'gateway.keys.json' } as const;

/** Proofs live five minutes, so one key before the newest is all that may still be needed. */
const publicKeysKept = 2;

const base64url = z.string().regex(/^[\w-]{43}$/);
const publicKey = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: base64url,
  kid: z.string(),
});
const privateKey = publicKey.extend({ d: base64url });
const keySet = z.object({ keys: z.array(publicKey).max(20) });

/**
 * Makes the gateway a new Ed25519 key in a directory. Where it has one, that one's public half stays in the set
 * beside the new one, so that gateway and workers can change over one after the other.
 *
 * @returns the key's id (its RFC 7638 thumbprint) and the two paths
 */
export async function createKeys(
  directory: string,
): Promise<{ kid: string; privateKey: string; publicKeys: string }> {
  const pair = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const { kty, crv, x, d } = await exportJWK(pair.privateKey);
  const kid = await calculateJwkThumbprint({ kty, crv, x } as JWK);
  const paths = {
    privateKey: join(directory, keyFiles.private),
    publicKeys: join(directory, keyFiles.public),
  };
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const before = await readKeys(paths.publicKeys).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { keys: [] };
    throw error;
  });
  const keys = [{ kty, crv, x, kid, use: 'sig', alg: 'EdDSA' }, ...before.keys].slice(0, publicKeysKept);
  // Workers must know a key before anything is signed with it.
  await replace(paths.publicKeys, { keys }, 0o644);
  await replace(paths.privateKey, { kty, crv, x, d, kid, use: 'sig', alg: 'EdDSA' }, 0o600);
  return { kid, ...paths };
}

/** Reads the public keys of the gateway. Throws what `readFile` throws, and `Error` for what is no such set. */
export async function readKeys(path: string): Promise<JSONWebKeySet> {
  return parsed(path, keySet, await readFile(path, 'utf8'));
}

/** Reads the private key of the gateway; throws as `readKeys`. */
export async function readPrivateKey(path: string): Promise<JWK> {
  return parsed(path, privateKey, await readFile(path, 'utf8'));
}

/** What the file holds must not come into an error: it may be a key. */
function parsed<T>(path: string, schema: z.ZodType<T>, text: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`${path} is no JSON`);
  }
  const { data } = schema.safeParse(value);
  if (data === undefined) throw new Error(`${path} holds no Ed25519 keys in JWK form`);
  return data;
}

/** Whole or not at all: a worker may read it at this moment. */
async function replace(path: string, value: unknown, mode: number): Promise<void> {
  const beside = `${path}.${randomUUID().slice(0, 8)}`;
  await writeFile(beside, `${JSON.stringify(value, null, 2)}\n`, { mode, flag: 'wx' });
  await chmod(beside, mode);
  await rename(beside, path);
}
