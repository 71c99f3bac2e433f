import { z } from 'zod';
import { shortHash } from './plan/hash.ts';

/** A DNS label: what Kubernetes accepts as the name of a namespace, workload or key owner. */
export const dnsLabel = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'must be lower-case letters, digits and "-", at most 63');

/** A service's own name. Short, because workflow IDs, Jobs and databases are named after it. */
export const serviceName = dnsLabel.max(40, 'must be at most 40 characters');

/** The id of one rollback: `bs-` and eight hexadecimal digits; every name that Backstep makes carries it. */
export type OperationId = `bs-${string}`;

/**
 * Derives the operation id from the first run of a chain of runs, so that a UI *Reset*, which changes the
 * run id, leaves it as it was.
 */
export function operationId(firstExecutionRunId: string): OperationId {
  return `bs-${firstExecutionRunId.replaceAll('-', '').slice(-8)}`;
}

/** The workflow ID of a service's rollback; Temporal's own exclusion makes a second one impossible. */
export const workflowIdOf = (service: string) => `backstep-${service}`;

/**
 * `<operation>-<step>-<try>[-<part>]`: a retry after a crash finds its own Job, a person's retry gets a new one.
 * A name that Kubernetes would refuse for its length ends in a hash instead.
 */
export function jobName(operation: OperationId, step: string, tryNumber: number, part?: string): string {
  const name = [operation, step, tryNumber, part].filter((word) => word !== undefined).join('-');
  return name.length <= 63 ? name : `${name.slice(0, 50)}-${shortHash(name)}`;
}

const identifierBytes = 63;

export const siblingRoles = [
  'backstep',
  'snapshot',
  'restored',
  'scratch',
  'drill',
  'rehearsal',
  'reads',
  'failed',
] as const;
export type SiblingRole = (typeof siblingRoles)[number];

const siblingPattern = new RegExp(`__(${siblingRoles.join('|')})_([0-9a-f]{8})(?:_([0-9]+))?$`);

/** What tells the databases of an operation apart. */
export interface Sibling {
  role: SiblingRole;
  operation: OperationId;
  /** Absent of the first of its role. */
  number?: number;
}

/** What a name that `siblingName` gave tells; undefined for a database that Backstep did not make. */
export function parseSiblingName(name: string): Sibling | undefined {
  const [, role, id, number] = siblingPattern.exec(name) ?? [];
  if (id === undefined) return undefined;
  const sibling: Sibling = { role: role as SiblingRole, operation: `bs-${id}` };
  return number === undefined ? sibling : { ...sibling, number: Number(number) };
}

/**
 * The name of a database that belongs to an operation. PostgreSQL cuts identifiers at 63 bytes, so a long
 * name gives way to the operation's part.
 *
 * @param number from 1 on, where an operation may make several of one role
 */
export function siblingName(database: string, role: SiblingRole, operation: OperationId, number = 1): string {
  const suffix = `__${role}_${operation.slice('bs-'.length)}${number > 1 ? `_${number}` : ''}`;
  let stem = database;
  while (new TextEncoder().encode(stem).length + suffix.length > identifierBytes) stem = stem.slice(0, -1);
  return stem + suffix;
}

/** Task queue on which workers and clients meet. */
export const taskQueue = 'backstep';

/** Labels on everything that Backstep makes in the cluster. */
export const labels = { operation: 'backstep.dev/operation', step: 'backstep.dev/step' } as const;
