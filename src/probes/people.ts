import { readKeys } from '../identity/keys.ts';
import type { Approvals } from '../domain/definition/approvals.ts';
import { fault } from '../domain/failures.ts';
import { found, lacking, type Findings } from './findings.ts';

const gates = ['start', 'downgrade', 'base', 'loss', 'restore'] as const;

/**
 * Where only proved persons count, this worker must be able to check a proof: otherwise the application would be
 * stopped for a gate that nobody can pass.
 *
 * @param gatewayKeys path of the gateway's public keys
 */
export async function proveThatPeopleCan(
  gatewayKeys: string | undefined,
  approvals: Approvals,
): Promise<Findings<true>> {
  const wanted =
    approvals.selfAsserted === 'refuse' || gates.some((gate) => approvals[gate].roles.length > 0);
  if (!wanted) return found(true);
  const only = 'The definition wants proved persons at its gates';
  if (gatewayKeys === undefined)
    return lacking([fault('ProofInvalid', `${only}, and BACKSTEP_GATEWAY_KEYS of the worker is not set.`)]);
  try {
    await readKeys(gatewayKeys);
    return found(true);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return lacking([
      fault('ProofInvalid', `${only}, and the keys of the gateway cannot be read: ${code ?? message}.`),
    ]);
  }
}
