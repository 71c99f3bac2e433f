import { OpenAPIHono, createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { serviceName } from '../domain/names.ts';
import { faultsOf } from '../domain/plan/request.ts';
import type { GatewayDependencies } from './dependencies.ts';
import { jsonOnly, noLargerThan, requestLimit } from './body.ts';
import { mustBeDefined } from './services.ts';
import { refused } from './document.ts';
import { temporalAnswers } from './health.ts';
import type { Limits } from './limits.ts';
import type { Person } from './people/person.ts';
import { said } from './people/statements.ts';
import type { Verb } from './people/statements.ts';
import { Refusal } from './refusal.ts';

const summaries: Record<Verb, string> = {
  start: 'Start the rollback; where it would repeat one, the answer is that one',
  approve: 'Let the rollback pass a gate, for one plan hash',
  reject: 'Refuse a gate, which says what that leads to',
  decide: 'Answer a hold',
  acknowledge: 'Tell the others that somebody is on it',
};

const params = z.object({ service: serviceName });
const json = <T extends z.ZodType>(schema: T, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});
const common = { tags: ['rollbacks'], security: [{ person: [] }] };
const refusals = refused(401, 403, 404, 409, 413, 415, 422, 429, 502, 503);
const message = z.object({ message: z.string() }).openapi('Said');
const started = z
  .object({ workflowId: z.string(), runId: z.string(), worker: z.boolean() })
  .openapi('Started');
const status = z.object({ service: z.string(), state: z.string() }).openapi('Status');

const read = createRoute({
  ...common,
  method: 'get',
  path: '/api/rollbacks/{service}',
  summary: 'How the newest rollback of a service stands',
  request: { params },
  responses: { 200: json(status, 'As `backstep status --json` has it'), ...refusals },
});

const post = <V extends Verb, B extends z.ZodType, A extends z.ZodType>(verb: V, body: B, answer: A) =>
  createRoute({
    ...common,
    method: 'post',
    path: `/api/rollbacks/{service}/${verb}`,
    summary: summaries[verb],
    request: { params, body: { ...json(body, 'Nothing in it says who asks'), required: true } },
    responses: { 200: json(answer, 'What it answers'), ...refusals },
  });

/** The JSON API for people with a token or a session, and for the CLI. */
export function rollbackRoutes(
  dependencies: GatewayDependencies,
  limits: Limits,
): OpenAPIHono<{ Variables: Known }> {
  const { backstep, definitions, statements } = dependencies;
  const app = new OpenAPIHono<{ Variables: Known }>({
    defaultHook: (result) => {
      if (result.success) return;
      const faults = faultsOf(result.error);
      const next = 'Correct what is named; nothing was touched.';
      throw new Refusal(422, `Invalid: ${faults.join('; ')}.`, next, { faults });
    },
  });

  app.use('/api/*', async (context, next) => {
    const person = await proved(context, dependencies, limits);
    await limits.request(person.name);
    context.set('person', person);
    context.header('cache-control', 'no-store');
    await next();
  });
  app.use('/api/*', noLargerThan(requestLimit), jsonOnly, async (_context, next) => {
    await temporalAnswers(backstep);
    await next();
  });

  app.openapi(read, async (context) => {
    const { service } = context.req.valid('param');
    return context.json(await backstep.progress(service), 200);
  });
  app.openapi(post('start', said.start, started), async (context) => {
    const { service } = context.req.valid('param');
    await mustBeDefined(definitions, service);
    const run = await statements.start(context.get('person'), service, context.req.valid('json'));
    return context.json(run, 200);
  });
  app.openapi(post('approve', said.approve, message), async (context) => {
    const { service } = context.req.valid('param');
    const told = await statements.approve(context.get('person'), service, context.req.valid('json'));
    return context.json({ message: told }, 200);
  });
  app.openapi(post('reject', said.reject, message), async (context) => {
    const { service } = context.req.valid('param');
    const told = await statements.reject(context.get('person'), service, context.req.valid('json'));
    return context.json({ message: told }, 200);
  });
  app.openapi(post('decide', said.decide, message), async (context) => {
    const { service } = context.req.valid('param');
    const told = await statements.decide(context.get('person'), service, context.req.valid('json'));
    return context.json({ message: told }, 200);
  });
  app.openapi(post('acknowledge', said.acknowledge, message), async (context) => {
    const { service } = context.req.valid('param');
    const told = await statements.acknowledge(context.get('person'), service, context.req.valid('json'));
    return context.json({ message: told }, 200);
  });
  return app;
}

interface Known {
  person: Person;
}

/** Throws 401 where nobody is proved, and 403 for what another site makes a signed-in browser send. */
async function proved(
  context: Context,
  { people, publicUrl }: GatewayDependencies,
  limits: Limits,
): Promise<Person> {
  const byCookie = context.req.header('authorization') === undefined;
  if (!byCookie) await limits.mayTry(context);
  const person = await people.whoIs(context);
  if (person === undefined) {
    const next = 'Send `Authorization: Bearer <token>`, or sign in.';
    const refusal = new Refusal(401, 'Nobody is proved by this request.', next);
    return byCookie ? limits.failed(context, refusal) : limits.guessed(context, refusal);
  }
  const safe = context.req.method === 'GET' || context.req.header('origin') === new URL(publicUrl).origin;
  if (byCookie && !safe)
    throw new Refusal(403, 'A session counts only from the gateway’s own pages.', 'Send a token instead.');
  return person;
}
