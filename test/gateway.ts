import { once } from 'node:events';
import { serve } from '@hono/node-server';
import getPort from 'get-port';
import { pino } from 'pino';
import { Backstep } from '../src/client.ts';
import type { BackstepOptions } from '../src/client.ts';
import { connectClient } from '../src/client/connection.ts';
import { createGateway } from '../src/gateway/app.ts';
import type { GatewayDependencies } from '../src/gateway/dependencies.ts';
import { peopleBy } from '../src/gateway/people/people.ts';
import { sessionsWith } from '../src/gateway/people/session.ts';
import { noStatements } from '../src/gateway/people/statements.ts';
import { fault } from '../src/domain/failures.ts';
import { serviceDefinition } from '../src/domain/definition/service.ts';
import type { ServiceDefinition, ServiceDefinitionSource } from '../src/domain/definition/service.ts';
import type { Definitions } from '../src/storage/definitions.ts';
import { definitionSource } from './example-plan.ts';

export const sessionSecret = new TextEncoder().encode('a session secret of forty characters ...');

/** Definitions that a test makes up. */
export function definitionsOf(sources: ServiceDefinitionSource[]): Definitions {
  const known = new Map<string, ServiceDefinition>(
    sources.map((source) => [source.service, serviceDefinition.parse(source)]),
  );
  return {
    list: async () => [...known.keys()],
    load: async (service) => {
      const definition = known.get(service);
      return definition ? { definition } : { faults: [fault('InvalidRequest', `no service "${service}"`)] };
    },
  };
}

/** Any service that a test asks for. */
export const anyService: Definitions = {
  list: async () => [],
  load: async (service) => ({ definition: serviceDefinition.parse(definitionSource(service)) }),
};

/** A client that connects at the first call, as a gateway's does. */
export async function lazily(address: string, options: Partial<BackstepOptions> = {}): Promise<Backstep> {
  return new Backstep(await connectClient({ address, lazy: true }), options);
}

export interface Served {
  url: string;
  dependencies: GatewayDependencies;
  /** What it logged, a JSON object each. */
  logged: Record<string, unknown>[];
  close(): Promise<void>;
}

/** A real gateway on a loopback port. Dependencies not given prove nobody and know no secret. */
export async function served(
  given: Partial<Omit<GatewayDependencies, 'backstep'>> & Pick<GatewayDependencies, 'backstep'>,
  port?: number,
): Promise<Served> {
  const open = port ?? (await getPort());
  const logged: Record<string, unknown>[] = [];
  const log = pino(
    { level: 'debug' },
    { write: (line) => logged.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const dependencies: GatewayDependencies = {
    definitions: definitionsOf([]),
    secretsOf: async () => [],
    people: peopleBy(sessionsWith(sessionSecret, false)),
    statements: noStatements,
    publicUrl: `http://127.0.0.1:${open}`,
    log,
    now: Date.now,
    ...given,
  };
  const server = serve({ fetch: createGateway(dependencies).fetch, hostname: '127.0.0.1', port: open });
  if (!server.listening) await once(server, 'listening');
  return {
    url: dependencies.publicUrl,
    dependencies,
    logged,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      if ('closeAllConnections' in server) server.closeAllConnections();
      await closed;
    },
  };
}

/** Sends JSON, or bytes as they are. */
export async function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: Headers; body: unknown }> {
  const bytes =
    body instanceof Uint8Array ? new Blob([body]) : typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(url, {
    method: 'POST',
    body: bytes,
    headers: { 'content-type': 'application/json', ...headers },
    redirect: 'manual',
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json');
  return {
    status: response.status,
    headers: response.headers,
    body: isJson ? (JSON.parse(text) as unknown) : text,
  };
}
