import { readKeys } from '../../identity/keys.ts';
import type { Approvals } from '../../domain/definition/approvals.ts';
import type { Dependencies } from '../context.ts';
import type { Faults } from './faults.ts';

const gates = ['start', 'downgrade', 'base', 'loss', 'restore'] as const;

/**
 * Where only proved persons count, this worker must be able to check a proof: otherwise the application would be
 * stopped for a gate that nobody can pass.
 */
export async function proveThatPeopleCan(
  { gatewayKeys }: Pick<Dependencies, 'gatewayKeys'>,
  approvals: Approvals,
  faults: Pick<Faults, 'add'>,
): Promise<void> {
  const wanted =
    approvals.selfAsserted === 'refuse' || gates.some((gate) => approvals[gate].roles.length > 0);
  if (!wanted) return;
  const only = 'The definition wants proved persons at its gates';
  if (gatewayKeys === undefined)
    faults.add('ProofInvalid', `${only}, and BACKSTEP_GATEWAY_KEYS of the worker is not set.`);
  else
    await readKeys(gatewayKeys).catch((error: unknown) => {
      const { code, message } = error as NodeJS.ErrnoException;
      faults.add('ProofInvalid', `${only}, and the keys of the gateway cannot be read: ${code ?? message}.`);
    });
}
