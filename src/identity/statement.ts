import { CompactSign, compactVerify, createLocalJWKSet, importJWK } from 'jose';
import type { JSONWebKeySet, JWK } from 'jose';
import { Failure } from '../runbook/failures.ts';
import { statement as schema, statementType } from '../runbook/statement.ts';
import type { Statement } from '../runbook/statement.ts';

/** Of an Ed25519 signature, by the name that JWS gives it (RFC 8037). */
const algorithm = 'EdDSA';

/** Signs a statement with the gateway's private key; a compact JWS. */
export async function sign(statement: Statement, privateKey: JWK): Promise<string> {
  const payload = new TextEncoder().encode(JSON.stringify(schema.parse(statement)));
  return new CompactSign(payload)
    .setProtectedHeader({ alg: algorithm, typ: statementType, kid: privateKey.kid ?? '' })
    .sign(await importJWK(privateKey, algorithm));
}

/**
 * What a gateway with one of these keys has stated. Whether it is still young, and about this operation, is for
 * the workflow to say, which has the operation and the time.
 *
 * @throws Failure ProofInvalid
 */
export async function verify(jws: string, keys: JSONWebKeySet): Promise<Statement> {
  const { payload, protectedHeader } = await compactVerify(jws, createLocalJWKSet(keys), {
    algorithms: [algorithm],
  }).catch((error: unknown) => {
    throw invalid('the gateway’s signature on it does not hold, or is by an unknown key', error);
  });
  if (protectedHeader.typ !== statementType) throw invalid('it was signed for another purpose');
  const { data } = schema.safeParse(json(payload));
  if (data === undefined) throw invalid('it is no statement about a person');
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
