import { CompactSign, compactVerify, createLocalJWKSet, importJWK } from 'jose';
import type { JSONWebKeySet, JWK } from 'jose';
import type { ZodType } from 'zod';
import { Failure } from '../domain/failures.ts';
import { startStatement, startType } from '../domain/approval/start-statement.ts';
import type { StartStatement } from '../domain/approval/start-statement.ts';
import { statement as schema, statementType } from '../domain/approval/statement.ts';
import type { Statement } from '../domain/approval/statement.ts';

/** Of an Ed25519 signature, by the name that JWS gives it (RFC 8037). */
const algorithm = 'EdDSA';

/** Signs a statement with the gateway's private key; a compact JWS. */
export const sign = (statement: Statement, privateKey: JWK): Promise<string> =>
  signed(schema.parse(statement), statementType, privateKey);

/** The same for what starts a rollback. */
export const signStart = (statement: StartStatement, privateKey: JWK): Promise<string> =>
  signed(startStatement.parse(statement), startType, privateKey);

async function signed(statement: object, typ: string, privateKey: JWK): Promise<string> {
  return new CompactSign(new TextEncoder().encode(JSON.stringify(statement)))
    .setProtectedHeader({ alg: algorithm, typ, kid: privateKey.kid ?? '' })
    .sign(await importJWK(privateKey, algorithm));
}

/**
 * What a gateway with one of these keys has stated. Whether it is still young, and about this operation, is for
 * the workflow to say, which has the operation and the time.
 *
 * @throws Failure ProofInvalid
 */
export const verify = (jws: string, keys: JSONWebKeySet): Promise<Statement> =>
  verified(jws, keys, statementType, schema);

/** The same of what started a rollback. */
export const verifyStart = (jws: string, keys: JSONWebKeySet): Promise<StartStatement> =>
  verified(jws, keys, startType, startStatement);

async function verified<T>(jws: string, keys: JSONWebKeySet, typ: string, of: ZodType<T>): Promise<T> {
  const { payload, protectedHeader } = await compactVerify(jws, createLocalJWKSet(keys), {
    algorithms: [algorithm],
  }).catch((error: unknown) => {
    throw invalid('the gateway’s signature on it does not hold, or is by an unknown key', error);
  });
  if (protectedHeader.typ !== typ) throw invalid('it was signed for another purpose');
  const { data } = of.safeParse(json(payload));
  if (data === undefined) throw invalid('it is no statement of the gateway');
  return data;
}

function json(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(payload));
  } catch {
    return undefined;
  }
}

/** The reason alone: neither the proof nor what the library says of it tells a person more. */
const invalid = (why: string, cause?: unknown) =>
  new Failure('ProofInvalid', `The proof does not count: ${why}.`, {}, { cause });
