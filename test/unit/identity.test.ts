import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompactSign, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from 'jose';
import type { JWK } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { proveThatPeopleCan } from '../../src/probes/people.ts';
import { checkProof } from '../../src/activities/messages/check-proof.ts';
import { createKeys, readKeys, readPrivateKey } from '../../src/identity/keys.ts';
import { sign, verify } from '../../src/identity/statement.ts';
import { failures } from '../../src/domain/failures.ts';
import { contradiction } from '../../src/domain/approval/verified-statement.ts';
import { statementType } from '../../src/domain/approval/statement.ts';
import type { ServiceDefinitionSource } from '../../src/domain/definition/service.ts';
import type { Statement } from '../../src/domain/approval/statement.ts';
import { examplePlan } from '../example-plan.ts';

const statement: Statement = {
  operation: 'bs-0a1b2c3d',
  message: 'approve',
  gate: 'downgrade',
  hash: '0123456789ab',
  person: 'ann',
  roles: ['dba'],
  method: 'oidc',
  issuer: 'https://id.example',
  at: '2025-11-18T03:00:00.000Z',
  reason: 'seen it',
};

let directory: string;
let key: JWK;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'backstep-identity-'));
  key = await readPrivateKey((await createKeys(directory)).privateKey);
});
afterAll(() => rm(directory, { recursive: true }));

const publicKeys = () => readKeys(join(directory, 'gateway.keys.json'));
const refused = (why: string) =>
  expect.objectContaining({ type: 'ProofInvalid', message: expect.stringContaining(why) as string }) as Error;

const signed = async (typ: string, about: unknown) =>
  new CompactSign(Buffer.from(JSON.stringify(about)))
    .setProtectedHeader({ alg: 'EdDSA', typ, kid: key.kid ?? '' })
    .sign(await importJWK(key, 'EdDSA'));

describe('a statement', () => {
  test('is what was signed', async () => {
    expect(await verify(await sign(statement, key), await publicKeys())).toEqual(statement);
  });

  test('has no token in it, and stays small', async () => {
    const jws = await sign(statement, key);
    expect(jws.length).toBeLessThan(1_000);
    expect(Buffer.from(jws.split('.')[0] ?? '', 'base64url').toString()).toBe(
      `{"alg":"EdDSA","typ":"${statementType}","kid":"${key.kid}"}`,
    );
  });

  test('changed in one character does not hold', async () => {
    const [header, payload, signature] = (await sign(statement, key)).split('.');
    const forged = Buffer.from(JSON.stringify({ ...statement, person: 'bob' })).toString('base64url');
    const keys = await publicKeys();
    await expect(verify(`${header}.${forged}.${signature}`, keys)).rejects.toThrow(refused('does not hold'));
    await expect(verify(`${header}.${payload}.`, keys)).rejects.toThrow(refused('does not hold'));
    await expect(verify('garbage', keys)).rejects.toThrow(refused('does not hold'));
  });

  test('without a signature, or by a secret made of the public key, does not hold', async () => {
    const keys = await publicKeys();
    const payload = Buffer.from(JSON.stringify(statement));
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: statementType })).toString('base64url');
    await expect(verify(`${none}.${payload.toString('base64url')}.`, keys)).rejects.toThrow(
      refused('does not hold'),
    );
    const hmac = await new CompactSign(payload)
      .setProtectedHeader({ alg: 'HS256', typ: statementType, ...(key.kid && { kid: key.kid }) })
      .sign(Buffer.from(key.x ?? ''));
    await expect(verify(hmac, keys)).rejects.toThrow(refused('does not hold'));
  });

  test('signed by our key for another purpose, or about something else, is none', async () => {
    const keys = await publicKeys();
    await expect(verify(await signed('JWT', statement), keys)).rejects.toThrow(refused('another purpose'));
    await expect(verify(await signed(statementType, { any: 'thing' }), keys)).rejects.toThrow(
      refused('no statement'),
    );
    await expect(verify(await signed(statementType, { ...statement, more: 1 }), keys)).rejects.toThrow(
      refused('no statement'),
    );
  });

  test('by an unknown key does not hold, and the error shows neither proof nor key', async () => {
    const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
    const jws = await sign(statement, { ...(await exportJWK(privateKey)), kid: key.kid ?? '' });
    const error = (await verify(jws, await publicKeys()).catch((error: unknown) => error)) as Error;
    expect(error).toEqual(refused('unknown key'));
    expect(error.message).not.toContain(jws.slice(0, 20));
  });
});

describe('the keys of the gateway', () => {
  test('are named by their thumbprint; the private one is for its owner alone', async () => {
    const { kid, d: _secret, ...rest } = key;
    const { kty, crv, x } = rest as { kty: 'OKP'; crv: string; x: string };
    expect(kid).toBe(await calculateJwkThumbprint({ kty, crv, x }));
    expect((await stat(join(directory, 'gateway.key.json'))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(directory, 'gateway.keys.json'), 'utf8')).not.toContain(key.d);
  });

  test('made anew, the one before still counts, and the one before that no longer', async () => {
    const mine = await mkdtemp(join(tmpdir(), 'backstep-keys-'));
    const made = [];
    for (let count = 0; count < 3; count += 1) {
      const { privateKey } = await createKeys(mine);
      made.push(await sign(statement, await readPrivateKey(privateKey)));
    }
    const keys = await readKeys(join(mine, 'gateway.keys.json'));
    expect(keys.keys).toHaveLength(2);
    const [first, second, third] = made as [string, string, string];
    expect(await verify(third, keys)).toEqual(statement);
    expect(await verify(second, keys)).toEqual(statement);
    await expect(verify(first, keys)).rejects.toThrow(refused('unknown key'));
    await rm(mine, { recursive: true });
  });

  test('a file that is none says so, and what it holds does not come into the error', async () => {
    const path = join(directory, 'wrong.json');
    await writeFile(path, '{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}');
    const error = (await readKeys(path).catch((error: unknown) => error)) as Error;
    expect(error.message).toContain('no Ed25519 keys');
    expect(error.message).not.toContain('c2VjcmV0');
    await writeFile(path, 'no JSON: c2VjcmV0');
    await expect(readKeys(path)).rejects.toThrow('is no JSON');
  });
});

describe('check-proof', () => {
  test('reads the keys anew each time, so that they can be changed under a running worker', async () => {
    const mine = await mkdtemp(join(tmpdir(), 'backstep-keys-'));
    const gatewayKeys = join(mine, 'gateway.keys.json');
    const proof = await sign(statement, key);
    await expect(checkProof({ gatewayKeys }, { proof })).rejects.toThrow(refused('ENOENT'));
    await createKeys(mine);
    await expect(checkProof({ gatewayKeys }, { proof })).rejects.toThrow(refused('unknown key'));
    await writeFile(gatewayKeys, await readFile(join(directory, 'gateway.keys.json')));
    expect(await checkProof({ gatewayKeys }, { proof })).toEqual(statement);
    await rm(mine, { recursive: true });
  });

  test('a worker without keys counts no proof, and says what to set', async () => {
    await expect(checkProof({}, { proof: 'a.b.c' })).rejects.toThrow(refused('BACKSTEP_GATEWAY_KEYS'));
    expect(failures.ProofInvalid.retry).toBe(false);
  });
});

const foundOf = async (gatewayKeys: string | undefined, wanted: ServiceDefinitionSource['approvals']) => {
  const { approvals } = examplePlan({}, { approvals: wanted }).service;
  const { faults } = await proveThatPeopleCan(gatewayKeys, approvals);
  return faults.map(({ type, message }) => `${type}: ${message}`).join();
};

describe('a definition that wants proved persons', () => {
  test('is refused before anything is touched where this worker cannot check a proof', async () => {
    const roles = { restore: { people: 1, roles: ['dba'] } };
    for (const wanted of [roles, { selfAsserted: 'refuse' as const }]) {
      expect(await foundOf(undefined, wanted)).toMatch(/^ProofInvalid: .*BACKSTEP_GATEWAY_KEYS/);
      expect(await foundOf('/nowhere', wanted)).toMatch(/^ProofInvalid: .*ENOENT/);
      expect(await foundOf(join(directory, 'gateway.keys.json'), wanted)).toBe('');
    }
    expect(await foundOf(undefined, {})).toBe('');
  });
});

describe('a statement about a message', () => {
  const { operation, gate, hash, person, reason } = statement;
  const said = { by: person, gate: gate ?? '', plan: hash ?? '', reason };
  const about = { operation, name: 'approve', said } as const;
  const now = Date.parse(statement.at) + 1_000;

  test('speaks for it where every field is the same', () => {
    expect(contradiction(statement, about, now)).toBeUndefined();
    expect(contradiction(statement, { ...about, said: { ...said, breakGlass: false } }, now)).toBeUndefined();
  });

  test.each<[string, Partial<Statement>]>([
    ['operation', { operation: 'bs-ffffffff' }],
    ['message', { message: 'reject' }],
    ['gate', { gate: 'start' }],
    ['hash', { hash: 'ffffffffffff' }],
    ['hold', { hold: 'verify-1' }],
    ['decision', { decision: 'retry' }],
    ['reason', { reason: 'another' }],
    ['breakGlass', { breakGlass: true }],
  ])('does not where its %s is another', (field, change) => {
    expect(contradiction({ ...statement, ...change }, about, now)).toBe(`the proof is for another ${field}`);
  });

  test('is good for five minutes, by clocks that differ by one', () => {
    const later = (seconds: number) => Date.parse(statement.at) + seconds * 1_000;
    expect(contradiction(statement, about, later(300))).toBeUndefined();
    expect(contradiction(statement, about, later(301))).toContain('older than five minutes');
    expect(contradiction(statement, about, later(-60))).toBeUndefined();
    expect(contradiction(statement, about, later(-61))).toContain('in the future');
  });
});
