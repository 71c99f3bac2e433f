import { OpenAPIHono, createRoute, z } from '@hono/zod-openapi';
import { Failure } from '../domain/failures.ts';
import { alertSource } from '../domain/alert.ts';
import type { AlertSource } from '../domain/alert.ts';
import { triggers } from '../triggers/index.ts';
import type { Alert } from '../triggers/trigger.ts';
import type { GatewayDependencies } from './dependencies.ts';
import { alertLimit, bytesOf, noLargerThan, readJson } from './body.ts';
import { refused } from './document.ts';
import { temporalAnswers } from './health.ts';
import type { Limits } from './limits.ts';
import { Refusal } from './refusal.ts';
import { AllowList } from './services.ts';
import type { Match } from './services.ts';
import { Taker, taken } from './take.ts';
import type { Taken } from './take.ts';

const answer = z.object({ alerts: z.array(taken), why: z.string().optional() }).openapi('AlertsTaken');

const route = createRoute({
  method: 'post',
  path: '/triggers/{source}',
  tags: ['triggers'],
  summary: 'Alerts, in the form in which their source sends them and with its signature',
  security: [{ source: [] }],
  request: {
    params: z.object({ source: alertSource }),
    body: { content: { 'application/json': { schema: z.looseObject({}) } }, required: true },
  },
  responses: {
    200: {
      description:
        'What became of each alert; an alert that starts nothing is answered so too, with the reason',
      content: { 'application/json': { schema: answer } },
    },
    ...refused(401, 403, 404, 413, 422, 429, 503),
  },
});

/**
 * `POST /triggers/<source>`: bytes first, then their signature, then what they say. So the route is only described by
 * its schemas: `app.openapi` would parse the body before anything has checked who sent it.
 */
export function triggerRoutes(dependencies: GatewayDependencies, limits: Limits): OpenAPIHono {
  const { backstep, log, now } = dependencies;
  const app = new OpenAPIHono();
  const allowed = new AllowList(dependencies.definitions, now, log);
  const taker = new Taker(backstep, dependencies.publicUrl, now, (request) =>
    dependencies.statements.byAlert(request),
  );
  app.openAPIRegistry.registerPath(route);

  app.post('/triggers/:source', noLargerThan(alertLimit), async (context) => {
    const { data: source } = alertSource.safeParse(context.req.param('source'));
    if (source === undefined) {
      const next = `Send alerts to /triggers/{${alertSource.options.join(',')}}.`;
      throw new Refusal(404, 'No such source of alerts.', next);
    }
    const body = await bytesOf(context);
    const secrets = await dependencies.secretsOf(source);
    const { untimed } = dependencies;
    const { headers } = context.req.raw;
    const signed = { headers, body, now: now(), ...(untimed !== undefined && { untimed }) };
    const verdict = verify(source, signed, secrets);
    if (verdict !== 'verified') return limits.failed(context, verdict);
    await limits.alert(source);
    const alerts = parse(source, body);
    if (alerts.length === 0)
      return context.json({ alerts: [], why: 'nothing in it begins or ends an alert' });
    const matched = await Promise.all(
      alerts.map(async (alert) => ({ alert, matches: await allowed.matching(alert) })),
    );
    if (matched.some(({ matches }) => matches.length > 0)) await temporalAnswers(backstep);
    const answers: Taken[] = [];
    for (const { alert, matches } of matched) answers.push(...(await takeAll(alert, matches)));
    log.info({ source, alerts: answers }, 'alerts taken');
    if (matched.some(({ matches }) => matches.length === 0)) await allowed.mustBeWhole();
    return context.json<z.infer<typeof answer>>({ alerts: answers });
  });

  const takeAll = async (alert: Alert, matches: Match[]): Promise<Taken[]> => {
    const { fingerprint, status } = alert;
    if (matches.length > 0) return Promise.all(matches.map((match) => taker.take(alert, match)));
    return [{ fingerprint, status, result: 'ignored', why: 'no trigger of a service definition fits it' }];
  };
  return app;
}

function verify(
  source: AlertSource,
  request: Parameters<(typeof triggers)[AlertSource]['verify']>[0],
  secrets: readonly string[],
): 'verified' | Refusal {
  if (secrets.length === 0) {
    const next = `Put a secret into the file ${source} of BACKSTEP_GATEWAY_TRIGGER_SECRETS.`;
    return new Refusal(403, `The source ${source} is not set up.`, next);
  }
  const verdict = triggers[source].verify(request, secrets);
  if (verdict === 'verified') return verdict;
  const next = 'Compare the secret at the sender with the one here, and the clocks.';
  return new Refusal(verdict.refused, `Not verified: ${verdict.why}.`, next);
}

function parse(source: AlertSource, body: Uint8Array): Alert[] {
  try {
    return triggers[source].parse(readJson(body));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const faults = error.details['faults'] as string[];
    const next = 'Correct what is named; nothing was touched.';
    throw new Refusal(422, `The alert is refused: ${error.message}.`, next, { faults });
  }
}
