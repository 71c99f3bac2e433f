import { shortHash } from '../../domain/plan/hash.ts';
import type { GateWants } from '../../domain/journal/journal.ts';
import type { MessageName } from '../../domain/approval/messages.ts';
import {
  contradiction,
  describeProof,
  proofOf,
  samePerson,
  sameWay,
} from '../../domain/approval/verified-statement.ts';
import type { Said } from '../../domain/approval/verified-statement.ts';
import type { PersonProof, Statement, Way } from '../../domain/approval/statement.ts';
import type { OpenGate, Operation } from './operation.ts';

/** How a message's person stands: nobody proved it, a proof is there but not yet checked, or it was. */
export type Standing = 'self-asserted' | 'unchecked' | Statement;

export interface Sent {
  name: MessageName;
  said: Said;
  standing: Standing;
}

const isAuthenticated = (standing: Standing): standing is Statement => typeof standing === 'object';

/** For the journal; nothing where the name is self-asserted. */
export const provedBy = ({ standing }: Sent): { proof?: PersonProof } =>
  isAuthenticated(standing) ? { proof: proofOf(standing) } : {};

/** Why what was proved does not speak for this message; a proof counts once. */
export function unproved(operation: Operation, { name, said, standing }: Sent): string | undefined {
  if (!isAuthenticated(standing)) return undefined;
  if (operation.hasCounted(shortHash(standing))) return 'this proof has counted already';
  return contradiction(standing, { operation: operation.id, name, said }, Date.now());
}

/** Remembers a proof that counted. */
export function remember(operation: Operation, { standing }: Sent): void {
  if (isAuthenticated(standing)) operation.count(shortHash(standing));
}

const refusesSelfAsserted = ({ plan }: Operation) =>
  plan?.service.approvals.selfAsserted === 'refuse'
    ? 'names that nobody proved do not count for this service: say it through the gateway'
    : undefined;

/** Why whoever says it may not, wherever no gate asks for more. */
export const notAuthorized = (operation: Operation, sent: Sent): string | undefined =>
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
  if (isAuthenticated(standing) && !holdsOne(standing, breakGlass))
    return `breaking the glass needs one of the roles ${breakGlass.join(', ')}`;
  return undefined;
}

/** One person may have a name by the provider and another by a token: they are told apart only in one way. */
function mayBeTheSame(whom: string, way: Way | undefined, { said, standing }: Sent): string | undefined {
  if (way === undefined || !isAuthenticated(standing) || sameWay(way, standing)) return undefined;
  return `'${said.by}' is proved by ${describeProof(standing)} and ${whom} by ${describeProof(way)}: these may be two names of one person. Somebody proved by ${describeProof(way)} must approve`;
}

/** For the gate: how whoever approved was proved. */
export const wayOf = ({ standing }: Sent): Way | undefined => {
  if (!isAuthenticated(standing)) return undefined;
  const { roles: _, ...way } = proofOf(standing);
  return way;
};

/** Why whoever approves may not, at this gate. What can be seen without the proof is said before it is checked. */
export function mayNotApprove(operation: Operation, gate: OpenGate, sent: Sent): string | undefined {
  const { wants, approvedBy, way } = gate;
  const { said, standing } = sent;
  const refused = notAuthorized(operation, sent);
  if (refused !== undefined) return refused;
  if (said.breakGlass === true) return mayNotBreakGlass(wants, sent);
  const { roles, notBy, startedVia } = wants;
  if (notBy !== undefined && samePerson(notBy, said.by))
    return `'${said.by}' started it, so another person must approve`;
  const other =
    mayBeTheSame(`'${notBy}', who started it,`, startedVia, sent) ??
    mayBeTheSame(`'${approvedBy[0]}', who approved,`, way, sent);
  if (other !== undefined) return other;
  if (roles === undefined) return undefined;
  if (standing === 'self-asserted')
    return `this gate needs one of the roles ${roles.join(', ')}, and a role must be proved: use the gateway`;
  if (isAuthenticated(standing) && !holdsOne(standing, roles))
    return `this gate needs one of the roles ${roles.join(', ')}; '${said.by}' has ${standing.roles.join(', ') || 'none'}`;
  return undefined;
}
