import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { parse } from 'yaml';
import type { AlertSource } from '../../src/domain/alert.ts';
import { workflowIdOf } from '../../src/domain/names.ts';
import { signatureHeader, timestampHeader } from '../../src/triggers/grafana.ts';
import { secretsIn } from '../../src/gateway/dependencies.ts';
import type { Taken } from '../../src/gateway/take.ts';
import { definitionSource } from '../example-plan.ts';
import { markedIn } from '../docs.ts';
import { definitionsOf, lazily, post, served } from '../gateway.ts';
import type { Served } from '../gateway.ts';
import { pagerdutyVector } from '../unit/vectors/pagerduty.ts';
import { workflowHarness } from '../workflow/harness.ts';

const harness = workflowHarness();
const secrets: Partial<Record<AlertSource, string>> = {
  generic: 'a secret that is long enough',
  standard: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  grafana: 'another secret of sixteen',
};
const services: Partial<Record<AlertSource, string>> = {};
let gateway: Served;

beforeAll(async () => {
  const definitions = (['generic', 'standard', 'grafana', 'pagerduty'] as const).map((source) => {
    const match = source === 'pagerduty' ? { service: 'API Service' } : { rollback: 'backstep' };
    const triggers = [{ source, match }];
    const service = harness.addService({ definition: { triggers } });
    services[source] = service;
    return { ...definitionSource(service), triggers };
  });
  gateway = await served({
    backstep: await lazily(inject('temporalAddress'), { taskQueue: harness.name }),
    definitions: definitionsOf(definitions),
    secretsOf: async (source) => [secrets[source] ?? ''].filter((secret) => secret !== ''),
  });
});
afterAll(() => gateway.close());

/** The rollback that a source's alert started stands at its gate. */
async function stands(source: AlertSource): Promise<void> {
  const service = services[source] ?? '';
  const run = harness.follow(harness.environment.client.workflow.getHandle(workflowIdOf(service)), service);
  expect(await run.gate('start')).toMatchObject({ people: 1 });
  await run.reject('start');
}

const execute = (program: string, file: string, env: Record<string, string>) =>
  execa(program, [file], { env, all: true });

test('deploy/triggers/generic.sh, as it is shipped, starts a rollback', async () => {
  const env = { BACKSTEP_URL: gateway.url, BACKSTEP_SECRET: secrets.generic ?? '' };
  const { stdout } = await execute('sh', 'deploy/triggers/generic.sh', env);
  expect((JSON.parse(stdout) as { alerts: Taken[] }).alerts).toMatchObject([
    { result: 'started', service: services.generic },
  ]);
  await stands('generic');
});

test('deploy/triggers/generic.sh with another secret is refused, and says so', async () => {
  const env = { BACKSTEP_URL: gateway.url, BACKSTEP_SECRET: 'not the secret of it' };
  await expect(execute('sh', 'deploy/triggers/generic.sh', env)).rejects.toMatchObject({
    all: expect.stringMatching(/fits no secret/) as string,
  });
});

test('deploy/triggers/standard.mjs, as it is shipped, starts a rollback', async () => {
  const env = { BACKSTEP_URL: gateway.url, BACKSTEP_SECRET: secrets.standard ?? '' };
  const { stdout } = await execute(process.execPath, 'deploy/triggers/standard.mjs', env);
  expect(stdout).toMatch(/^200 .*"started"/);
  await stands('standard');
});

test('the commands of docs/triggers.md do what they say', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'backstep-triggers-'));
  const bash = (mark: string, env: Record<string, string> = {}) => {
    const [activities = ''] = markedIn('docs/triggers.md', mark);
    const here = activities.replaceAll('https://backstep.example.com', gateway.url);
    return execa('bash', ['-euc', here], { cwd: directory, env, all: true });
  };
  try {
    for (let time = 0; time < 2; time += 1) await bash('trigger-secret');
    const read = await secretsIn(join(directory, 'triggers'))('alertmanager');
    expect(read).toHaveLength(2);
    expect(await secretsIn(join(directory, 'triggers'))('grafana')).toEqual([]);
    const { stdout } = await bash('trigger-generic', { BACKSTEP_SECRET: secrets.generic ?? '' });
    expect((JSON.parse(stdout) as { alerts: Taken[] }).alerts).toMatchObject([
      { fingerprint: 'deploy-7', service: services.generic },
    ]);
  } finally {
    await rm(directory, { recursive: true });
  }
});

const shownIn = (mark: string) => parse(markedIn('docs/triggers.md', mark)[0] ?? '') as object;
const shipped = async (file: string) => parse(await readFile(`deploy/triggers/${file}`, 'utf8')) as object;

test('docs/triggers.md shows what is shipped', async () => {
  const { receivers } = shownIn('alertmanager-receiver') as { receivers: object[] };
  expect(await shipped('alertmanager.yml')).toMatchObject({ receivers: [{ name: 'people' }, ...receivers] });
  expect(await shipped('grafana.yaml')).toMatchObject({
    contactPoints: [{ receivers: [shownIn('grafana-settings')] }],
  });
  const [pagerduty = ''] = markedIn('docs/triggers.md', 'trigger-pagerduty');
  const named = [...pagerduty.matchAll(/\b([A-Z]+_[A-Z]+)=/g)].map(([, name]) => name);
  const activities = await readFile('deploy/triggers/pagerduty.sh', 'utf8');
  for (const name of named) expect(activities).toContain(`$${name}`);
  expect(named).toHaveLength(3);
});

test('deploy/triggers/grafana.yaml names the headers that are read, and what Grafana then sends starts a rollback', async () => {
  interface ContactPoints {
    contactPoints: {
      receivers: { settings: { url: string; hmacConfig: { header: string; timestampHeader: string } } }[];
    }[];
  }
  const shipped = parse(await readFile('deploy/triggers/grafana.yaml', 'utf8')) as ContactPoints;
  const { url, hmacConfig } = shipped.contactPoints[0]?.receivers[0]?.settings ?? {};
  expect(hmacConfig?.header.toLowerCase()).toBe(signatureHeader);
  expect(hmacConfig?.timestampHeader.toLowerCase()).toBe(timestampHeader);
  const labels = { alertname: 'RadarDown', rollback: 'backstep' };
  const startsAt = new Date().toISOString();
  const alerts = [{ status: 'firing', labels, annotations: {}, startsAt, fingerprint: 'c0ffee' }];
  const body = JSON.stringify({ receiver: 'backstep', status: 'firing', alerts, version: '1' });
  const time = String(Math.floor(Date.now() / 1_000));
  const mac = createHmac('sha256', secrets.grafana ?? '')
    .update(`${time}:${body}`)
    .digest('hex');
  const address = (url ?? '').replace('https://backstep.example.com', gateway.url);
  const sent = { [hmacConfig?.header ?? '']: mac, [hmacConfig?.timestampHeader ?? '']: time };
  expect(await post(address, body, sent)).toMatchObject({
    status: 200,
    body: { alerts: [{ result: 'started' }] },
  });
  await stands('grafana');
});

test('deploy/triggers/pagerduty.sh subscribes; what PagerDuty then sends with the secret it gave starts a rollback', async () => {
  const asked: { url: string | undefined; authorization: string | undefined; body: unknown }[] = [];
  const secret = pagerdutyVector.secret;
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { url, headers } = request;
    asked.push({ url, authorization: headers.authorization, body: JSON.parse(await text(request)) });
    response.writeHead(201, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ webhook_subscription: { delivery_method: { secret } } }));
  };
  const api = createServer((request, response) => {
    void answer(request, response);
  }).listen(0, '127.0.0.1');
  await once(api, 'listening');
  try {
    const { stdout } = await execute('sh', 'deploy/triggers/pagerduty.sh', {
      PAGERDUTY_API: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
      PAGERDUTY_TOKEN: 'the-token',
      PAGERDUTY_SERVICE: 'PF9KMXH',
      BACKSTEP_URL: gateway.url,
    });
    expect(stdout).toContain(secret);
  } finally {
    api.close();
  }
  const [subscription] = asked;
  expect(subscription).toMatchObject({
    url: '/webhook_subscriptions',
    authorization: 'Token token=the-token',
  });
  const sent = subscription?.body as
    | { webhook_subscription: { delivery_method: { url: string }; events: string[] } }
    | undefined;
  const { delivery_method: delivery, events = [] } = sent?.webhook_subscription ?? {};
  secrets.pagerduty = secret;
  const published = JSON.parse(pagerdutyVector.body) as { event: object };
  for (const event_type of events) {
    const body = JSON.stringify({ event: { ...published.event, event_type, occurred_at: new Date() } });
    const mac = createHmac('sha256', secret).update(body).digest('hex');
    const answer = await post(delivery?.url ?? '', body, { 'x-pagerduty-signature': `v1=${mac}` });
    expect(answer.status, event_type).toBe(200);
    const [taken] = (answer.body as { alerts: Taken[] }).alerts;
    expect(taken?.result).toBe(
      { 'incident.triggered': 'started', 'incident.resolved': 'noted', 'incident.reopened': 'repeated' }[
        event_type
      ],
    );
  }
  await stands('pagerduty');
});
