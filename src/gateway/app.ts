import { OpenAPIHono } from '@hono/zod-openapi';
import type { GatewayDependencies } from './dependencies.ts';
import { describe } from './document.ts';
import { answerErrors, notFound } from './errors.ts';
import { healthRoutes } from './health.ts';
import { Limits } from './limits.ts';
import { pages } from './page/routes.ts';
import { signInRoutes } from './people/routes.ts';
import { rollbackRoutes } from './rollbacks.ts';
import { triggerRoutes } from './triggers.ts';

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
