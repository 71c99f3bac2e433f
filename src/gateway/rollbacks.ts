import { OpenAPIHono, createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { messages } from '../domain/approval/messages.ts';
import { serviceName } from '../domain/names.ts';
import { faultsOf, rollbackRequest } from '../domain/plan/request.ts';
import type { GatewayDependencies } from './app.ts';
import { jsonOnly, noLargerThan, requestLimit } from './body.ts';
import { mustBeDefined } from './defined.ts';
import { refused } from './document.ts';
import { temporalAnswers } from './health.ts';
import type { Limits } from './limits.ts';
import type { Person } from './people/person.ts';
import { Refusal } from './refusal.ts';

const { target, trigger, reason } = rollbackRequest.shape;
const { gate, plan, breakGlass } = messages.approve.schema.shape;
const { hold, decision } = messages.decide.schema.shape;

/** What people send. None has a field for who says it: that is proved, never said. */
const bodies = {
  start: z.strictObject({ target, reason, trigger }),
  approve: z.strictObject({ gate, plan, reason, breakGlass }),
  reject: z.strictObject({ gate, plan, reason }),
  decide: z.strictObject({ hold, decision, reason }),
  acknowledge: z.strictObject({}),
};
type Verb = keyof typeof bodies;

const summaries: Record<Verb, string> = {
  start: 'Start the rollback; where it would repeat one, the answer is that one',
  approve: 'Let the rollback pass a gate, for one plan hash',
  reject: 'Refuse a gate; what was stopped is put back',
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
const said = z.object({ message: z.string() }).openapi('Said');
const started = z
  .looseObject({ workflowId: z.string(), runId: z.string(), worker: z.boolean() })
  .openapi('Started');
const status = z.looseObject({ service: z.string(), state: z.string() }).openapi('Status');

const read = createRoute({
  ...common,
  method: 'get',
  path: '/api/rollbacks/{service}',
  summary: 'How the newest rollback of a service stands',
  request: { params },
  responses: { 200: json(status, 'As `backstep status --json` has it'), ...refusals },
});

const post = (verb: Verb) =>
  createRoute({
    ...common,
    method: 'post',
    path: `/api/rollbacks/{service}/${verb}`,
    summary: summaries[verb],
    request: { params, body: { ...json(bodies[verb], 'Nothing in it says who asks'), required: true } },
    responses: { 200: json(verb === 'start' ? started : said, 'What it answers'), ...refusals },
  });

/** The JSON API for people with a token or a session, and for the CLI. */
export function rollbackRoutes(
  dependencies: GatewayDependencies,
  limits: Limits,
): OpenAPIHono<{ Variables: Known }> {
  const { backstep, definitions, statements } = dependencies;
  const app = new OpenAPIHono<{ Variables: Known }>();
  app.openAPIRegistry.registerPath(read);
  for (const verb of Object.keys(bodies) as Verb[]) app.openAPIRegistry.registerPath(post(verb));

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

  const path = '/api/rollbacks/:service';
  app.get(path, async (context) => context.json(await backstep.progress(serviceIn(context))));
  app.post(`${path}/start`, async (context) => {
    const service = serviceIn(context);
    const asked = await parsed(bodies.start, context);
    await mustBeDefined(definitions, service);
    return context.json(await statements.start(context.get('person'), { service, ...asked }));
  });
  app.post(`${path}/approve`, async (context) => {
    const service = serviceIn(context);
    const verdict = await parsed(bodies.approve, context);
    return context.json({ message: await statements.approve(context.get('person'), service, verdict) });
  });
  app.post(`${path}/reject`, async (context) => {
    const service = serviceIn(context);
    const verdict = await parsed(bodies.reject, context);
    return context.json({ message: await statements.reject(context.get('person'), service, verdict) });
  });
  app.post(`${path}/decide`, async (context) => {
    const service = serviceIn(context);
    const decided = await parsed(bodies.decide, context);
    return context.json({ message: await statements.decide(context.get('person'), service, decided) });
  });
  app.post(`${path}/acknowledge`, async (context) => {
    const service = serviceIn(context);
    await parsed(bodies.acknowledge, context);
    return context.json({ message: await statements.acknowledge(context.get('person'), service) });
  });
  return app;
}

interface Known {
  person: Person;
}

/** What was given, for types in which absent is not undefined. */
type Given<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

function checked<T extends object>(schema: z.ZodType<T>, value: unknown): Given<T> {
  const { data, error } = schema.safeParse(value);
  if (data !== undefined)
    return Object.fromEntries(Object.entries(data).filter(([, one]) => one !== undefined)) as Given<T>;
  const faults = error ? faultsOf(error) : [];
  const next = 'Correct what is named; nothing was touched.';
  throw new Refusal(422, `Invalid: ${faults.join('; ')}.`, next, { faults });
}

const serviceIn = (context: Context) => checked(params, context.req.param()).service;

const parsed = async <T extends object>(schema: z.ZodType<T>, context: Context) =>
  checked(schema, await context.req.json());

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
