import { OpenAPIHono } from '@hono/zod-openapi';
import type { Logger } from 'pino';
import type { Backstep } from '../client.ts';
import type { AlertSource } from '../domain/alert.ts';
import type { Definitions } from '../storage/definitions.ts';
import { describe } from './document.ts';
import { answerErrors, notFound } from './errors.ts';
import { healthRoutes } from './health.ts';
import { Limits } from './limits.ts';
import type { LimitsPerMinute } from './limits.ts';
import { pages } from './page/routes.ts';
import type { People } from './people/people.ts';
import { signInRoutes } from './people/routes.ts';
import type { Statements } from './people/statements.ts';
import { rollbackRoutes } from './rollbacks.ts';
import { triggerRoutes } from './triggers.ts';

export type { People } from './people/people.ts';

/** What the gateway acts with; tests hand it other means. */
export interface GatewayDependencies {
  backstep: Backstep;
  definitions: Definitions;
  /** Secrets of a source, read anew at every request so that they can be replaced; none: it is not set up. */
  secretsOf(source: AlertSource): Promise<string[]>;
  /** Set where Grafana's signature may come without its time. */
  untimed?: boolean;
  people: People;
  statements: Statements;
  /** How people reach the gateway, without a slash at its end. */
  publicUrl: string;
  /** The Temporal UI, without a slash at its end, where links to it are wanted. */
  temporalUi?: string;
  limits?: LimitsPerMinute;
  /** How many proxies stand in front and say in X-Forwarded-For whom they serve. */
  proxies?: number;
  log: Logger;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** The gateway as one HTTP application: alerts, people by API, people by browser. */
export function createGateway(dependencies: GatewayDependencies): OpenAPIHono {
  const app = new OpenAPIHono();
  const limits = new Limits(dependencies.limits, dependencies.proxies);
  app.onError(answerErrors(dependencies.log));
  app.notFound(notFound);
  app.route('/', healthRoutes(dependencies));
  app.route('/', triggerRoutes(dependencies, limits));
  app.route('/', rollbackRoutes(dependencies, limits));
  describe(app, dependencies);
  app.route('/', signInRoutes(dependencies, limits));
  app.route('/', pages(dependencies, limits));
  return app;
}
