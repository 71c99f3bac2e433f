import { z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { readFileSync } from 'node:fs';
import type { GatewayDependencies } from './dependencies.ts';
import type { RefusalStatus } from './refusal.ts';

const error = z
  .object({
    error: z.object({
      message: z.string().describe('What is wrong'),
      next: z.string().describe('The next move'),
      faults: z.array(z.string()).optional().describe('Each fault of a body, with its place'),
    }),
  })
  .openapi('Refused');

const descriptions: Record<RefusalStatus, string> = {
  400: 'Not to be understood',
  401: 'Nobody is proved: no credential or signature, or a wrong token',
  403: 'The credential or signature is wrong or too old',
  404: 'There is no such rollback, or source',
  409: 'The rollback refuses it, and says why: another plan, no open gate, decided already',
  413: 'The body is too large',
  415: 'The body is not JSON',
  422: 'The body has faults, all of them named',
  429: 'Too often',
  502: 'Temporal answered something unexpected',
  503: 'Temporal or every worker is away, or a service definition has faults: send it again',
};

/** The same answer for everything that is refused. */
export const refused = <S extends RefusalStatus>(...statuses: S[]) =>
  Object.fromEntries(
    statuses.map((status) => [
      status,
      { description: descriptions[status], content: { 'application/json': { schema: error } } },
    ]),
  ) as Record<S, { description: string; content: { 'application/json': { schema: typeof error } } }>;

const version = () =>
  (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string })
    .version;

/** `/openapi.json`, made from the routes themselves. */
export function describe(app: OpenAPIHono, { publicUrl }: Pick<GatewayDependencies, 'publicUrl'>): void {
  const register = app.openAPIRegistry;
  register.registerComponent('securitySchemes', 'source', {
    type: 'apiKey',
    in: 'header',
    name: 'Authorization',
    description: "The source's own signature, or its secret as a Bearer token; see docs/triggers.md",
  });
  register.registerComponent('securitySchemes', 'person', {
    type: 'http',
    scheme: 'bearer',
    description: 'A token of a person, or a JWT of the identity provider',
  });
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: {
      title: 'Backstep',
      version: version(),
      description: 'Rolls bad database migrations back: alerts start it, proved people decide.',
    },
    servers: [{ url: publicUrl }],
  });
}
