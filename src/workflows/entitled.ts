import { shortHash } from '../runbook/hash.ts';
import type { GateWants } from '../runbook/journal.ts';
import type { MessageName } from '../runbook/messages.ts';
import { contradiction, proofOf, samePerson } from '../runbook/stated.ts';
import type { Said } from '../runbook/stated.ts';
import type { PersonProof, Statement } from '../runbook/statement.ts';
import type { OpenGate, Operation } from './operation.ts';

/** How a message's person stands: nobody proved it, a proof is there but not yet checked, or it was. */
export type Standing = 'self-asserted' | 'unchecked' | Statement;

export interface Sent {
  name: MessageName;
  said: Said;
  standing: Standing;
}

const isStated = (standing: Standing): standing is Statement => typeof standing === 'object';

/** For the journal; nothing where the name is self-asserted. */
export const provedBy = ({ standing }: Sent): { proof?: PersonProof } =>
  isStated(standing) ? { proof: proofOf(standing) } : {};

/** Why what was proved does not speak for this message; a proof counts once. */
export function unproved(operation: Operation, { name, said, standing }: Sent): string | undefined {
  if (!isStated(standing)) return undefined;
  if (operation.counted.has(shortHash(standing))) return 'this proof has counted already';
  return contradiction(standing, { operation: operation.id, name, said }, Date.now());
}

/** Remembers a proof that counted. */
export function remember(operation: Operation, { standing }: Sent): void {
  if (isStated(standing)) operation.counted.add(shortHash(standing));
}

const refusesSelfAsserted = ({ plan }: Operation) =>
  plan?.service.approvals.selfAsserted === 'refuse'
    ? 'names that nobody proved do not count for this service: say it through the gateway'
    : undefined;

/** Why whoever says it may not, wherever no gate asks for more. */
export const notEntitled = (operation: Operation, sent: Sent): string | undefined =>
  (sent.standing === 'self-asserted' ? refusesSelfAsserted(operation) : undefined) ??
  unproved(operation, sent);

const holdsOne = ({ roles }: Statement, wanted: readonly string[]) =>
  wanted.some((role) => roles.includes(role));

/** Why a person may not pass the gate alone. */
function mayNotBreakGlass({ breakGlass }: GateWants, { said, standing }: Sent): string | undefined {
  if (breakGlass === undefined) return 'the service definition lets nobody break the glass';
  if (standing === 'self-asserted') return 'only a proved person may break the glass: use the gateway';
  if (said.reason === undefined || said.reason.trim() === '')
    return 'breaking the glass needs a reason; it will stand first in the report';
  if (isStated(standing) && !holdsOne(standing, breakGlass))
    return `breaking the glass needs one of the roles ${breakGlass.join(', ')}`;
  return undefined;
}

/** Why whoever approves may not, at this gate. What can be seen without the proof is said before it is checked. */
export function mayNotApprove(operation: Operation, { wants }: OpenGate, sent: Sent): string | undefined {
  const { said, standing } = sent;
  const refused = notEntitled(operation, sent);
  if (refused !== undefined) return refused;
  if (said.breakGlass === true) return mayNotBreakGlass(wants, sent);
  const { roles, notBy } = wants;
  if (notBy !== undefined && samePerson(notBy, said.by))
    return `'${said.by}' started it, so another person must approve`;
  if (roles === undefined) return undefined;
  if (standing === 'self-asserted')
    return `this gate needs one of the roles ${roles.join(', ')}, and a role must be proved: use the gateway`;
  if (isStated(standing) && !holdsOne(standing, roles))
    return `this gate needs one of the roles ${roles.join(', ')}; '${said.by}' has ${standing.roles.join(', ') || 'none'}`;
  return undefined;
}
