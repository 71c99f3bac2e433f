import type { JWK } from 'jose';
import { z } from 'zod';
import { ClientError } from '../../client.ts';
import type { Backstep, Started } from '../../client.ts';
import { alertRequest, triggerOf } from '../../client/start-by-alert.ts';
import type { AlertRequest } from '../../client/start-by-alert.ts';
import { sign, signStart } from '../../identity/statement.ts';
import { messages } from '../../domain/approval/messages.ts';
import { faultsOf, rollbackRequest } from '../../domain/plan/request.ts';
import { startStatement } from '../../domain/approval/start-statement.ts';
import { statement } from '../../domain/approval/statement.ts';
import type { Statement } from '../../domain/approval/statement.ts';
import type { Person } from './person.ts';

const { target, trigger, reason } = rollbackRequest.shape;
const { gate, plan, breakGlass } = messages.approve.schema.shape;
const { hold, decision } = messages.decide.schema.shape;

/** What a person may say about a service, by verb. No field tells who says it: that is proved, never said. */
export const said = {
  start: z.strictObject({ target, reason, trigger }),
  approve: z.strictObject({ gate, plan, reason, breakGlass }),
  reject: z.strictObject({ gate, plan, reason }),
  decide: z.strictObject({ hold, decision, reason }),
  acknowledge: z.strictObject({}),
};
export type Verb = keyof typeof said;
export type Said = { [V in Verb]: z.output<(typeof said)[V]> };

/** One method for each verb. */
export type Says = {
  [V in Verb]: (
    person: Person,
    service: string,
    said: Said[V],
  ) => Promise<V extends 'start' ? Started : string>;
};

/**
 * What a proved person says, signed by the gateway and sent as an update; the answer is the rollback's own
 * sentence, or the run that was started. Every method throws ClientError and nothing else.
 */
export interface Statements extends Says {
  /** An alert's request with the gateway's signature; as it is where there is no key: a person is asked then. */
  byAlert(request: AlertRequest): Promise<AlertRequest>;
}

type Claim = Omit<Statement, 'operation' | 'person' | 'roles' | 'method' | 'issuer' | 'at'>;

/** Signs with the gateway's own key. No token of a person goes any further than here. */
export function statementsBy(backstep: Backstep, key: JWK, now: () => number): Statements {
  const prove = async (person: Person, service: string, claim: Claim) => {
    const { name, roles, method, issuer } = person;
    const operation = await openOperation(backstep, service);
    const at = new Date(now()).toISOString();
    const by = { person: name, roles, method, ...(issuer !== undefined && { issuer }) };
    const { data, error } = statement.safeParse({ operation, ...claim, ...by, at });
    if (data) return { by: name, proof: await sign(data, key) };
    throw invalid(error);
  };
  const proveStart = async (request: object, issuer?: string) => {
    const at = new Date(now()).toISOString();
    const claim = { message: 'start', request, at, ...(issuer !== undefined && { issuer }) };
    const { data, error } = startStatement.safeParse(claim);
    if (data) return signStart(data, key);
    throw invalid(error);
  };
  const verdict = async (
    person: Person,
    service: string,
    message: 'approve' | 'reject',
    { gate, plan, ...rest }: Said['approve'],
  ) => ({
    gate,
    plan,
    ...rest,
    ...(await prove(person, service, { message, gate, hash: plan, ...rest })),
  });
  return {
    start: async ({ name, method, issuer }, service, asked) => {
      const request = { service, ...asked, requestedBy: name, requestedVia: method };
      return backstep.start({ ...request, proof: await proveStart(request, issuer) });
    },
    byAlert: async (sent) => {
      // As the worker will read it: an alert's word for its incident is trimmed.
      const { data: request = sent } = alertRequest.safeParse(sent);
      const started = { ...request, trigger: triggerOf(request.alert) };
      return { ...request, proof: await proveStart(started) };
    },
    approve: async (person, service, message) =>
      backstep.approve(service, await verdict(person, service, 'approve', message)),
    reject: async (person, service, message) =>
      backstep.reject(service, await verdict(person, service, 'reject', message)),
    decide: async (person, service, answer) =>
      backstep.decide(service, {
        ...answer,
        ...(await prove(person, service, { message: 'decide', ...answer })),
      }),
    acknowledge: async (person, service) =>
      backstep.acknowledge(service, await prove(person, service, { message: 'acknowledge' })),
  };
}

const invalid = (error: Parameters<typeof faultsOf>[0]) =>
  new ClientError(
    'invalid',
    `Invalid: ${faultsOf(error).join('; ')}`,
    'Correct what is named; nothing was sent.',
  );

/** The operation that a statement is about: a proof for one counts at no other. */
async function openOperation(backstep: Backstep, service: string): Promise<string> {
  const { progress, noWorker, endedAt } = await backstep.progress(service);
  if (endedAt !== undefined) {
    const next = 'Look at its report.';
    throw new ClientError('none', `No rollback of "${service}" is open; the last one has ended.`, next);
  }
  if (progress !== undefined) return progress.operation;
  const next = 'Start a worker; whatever was stopped stays as it is meanwhile.';
  throw new ClientError('no-worker', noWorker ?? 'No worker answers.', next);
}

const refuse = async (): Promise<never> => {
  const next = 'Set BACKSTEP_GATEWAY_KEY (`backstep setup --gateway-keys`).';
  throw new ClientError('refused', 'This gateway has no key, so it cannot prove anybody.', next);
};

/** Where the gateway has no key: nobody's word is signed. */
export const noStatements: Statements = {
  start: refuse,
  byAlert: (request) => Promise.resolve(request),
  approve: refuse,
  reject: refuse,
  decide: refuse,
  acknowledge: refuse,
};
