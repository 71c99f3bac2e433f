import { createHmac, randomUUID } from 'node:crypto';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { statementsBy } from '../../src/gateway/people/statements.ts';
import { readPrivateKey } from '../../src/identity/keys.ts';
import { workflowIdOf } from '../../src/domain/names.ts';
import type { Taken } from '../../src/gateway/take.ts';
import { definitionSource } from '../example-plan.ts';
import { definitionsOf, lazily, post, served } from '../gateway.ts';
import type { Served } from '../gateway.ts';
import { workflowHarness } from '../workflow/harness.ts';
import type { ServiceSetup } from '../workflow/harness.ts';

const harness = workflowHarness();
const secret = 'a secret that is long enough';
const open: Served[] = [];
afterAll(() => Promise.all(open.map((one) => one.close())));

type Rule = NonNullable<NonNullable<ServiceSetup['definition']>['triggers']>[number];

/** A service that an alert with its name may start. */
function allowed(more: Partial<Rule> = {}, setup: ServiceSetup = {}) {
  const rule: Rule = { source: 'generic', match: { incident: randomUUID() }, ...more };
  const service = harness.addService({ ...setup, definition: { triggers: [rule], ...setup.definition } });
  const definition = {
    ...definitionSource(service),
    triggers: [rule],
    coolDown: '1ms',
    ...setup.definition,
  };
  const run = () =>
    harness.follow(harness.environment.client.workflow.getHandle(workflowIdOf(service)), service);
  return { service, definition, labels: rule.match, run };
}
type Allowed = ReturnType<typeof allowed>;

const gatewayOf = (...services: Allowed[]) => gatewayWith(harness.keys.privateKey, ...services);

async function gatewayWith(key: string | undefined, ...services: Allowed[]): Promise<Served> {
  const backstep = await lazily(inject('temporalAddress'), { taskQueue: harness.name });
  const gateway = await served({
    backstep,
    ...(key !== undefined && { statements: statementsBy(backstep, await readPrivateKey(key), Date.now) }),
    definitions: definitionsOf(services.map(({ definition }) => definition)),
    secretsOf: async () => [secret],
  });
  open.push(gateway);
  return gateway;
}

function signature(body: string, seconds = Math.floor(Date.now() / 1_000)) {
  const mac = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return { 'x-backstep-signature': `t=${seconds},v1=${mac}` };
}

async function fire(gateway: Served, alert: object): Promise<Taken> {
  const body = JSON.stringify({ fingerprint: 'f1', name: 'RadarDown', summary: 'many errors', ...alert });
  const { status, body: answer } = await post(`${gateway.url}/triggers/generic`, body, signature(body));
  expect(status).toBe(200);
  const [taken] = (answer as { alerts: Taken[] }).alerts;
  return taken as Taken;
}

/** What clients sent to it. */
async function sentTo(one: Allowed): Promise<string[]> {
  const { events } = await one.run().handle.fetchHistory();
  return (events ?? []).flatMap((event) =>
    event.workflowExecutionSignaledEventAttributes || event.workflowExecutionUpdateAcceptedEventAttributes
      ? [String(event.eventType)]
      : [],
  );
}

describe.concurrent('an alert', () => {
  test('a hundred, half of them at once, are one rollback, which stands at gate start and hears of none of them', async () => {
    const one = allowed();
    const gateway = await gatewayOf(one);
    const taken = await Promise.all(Array.from({ length: 100 }, () => fire(gateway, { labels: one.labels })));
    expect(new Set(taken.map(({ runId }) => runId)).size).toBe(1);
    expect(taken.filter(({ result }) => result === 'started')).toHaveLength(1);
    expect(taken.filter(({ result }) => result === 'repeated')).toHaveLength(99);
    expect(await one.run().gate('start')).toMatchObject({ people: 1 });
    expect(one.run().calls('stop-writes')).toEqual([]);
    expect(await sentTo(one)).toEqual([]);
    await one.run().reject('start');
  });

  test('repeated is its own rollback: by another gateway, after the end, and after others', async () => {
    const one = allowed();
    const first = await gatewayOf(one);
    const { runId } = await fire(first, { labels: one.labels });
    await first.close();
    open.splice(open.indexOf(first), 1);
    const second = await gatewayOf(one);
    const again = () => fire(second, { labels: one.labels });
    expect(await again()).toMatchObject({ result: 'repeated', runId });
    await one.run().reject('start');
    await one.run().result();
    expect(await again()).toMatchObject({ result: 'repeated', runId, why: 'this alert started it' });

    const other = await fire(second, { fingerprint: 'f2', labels: one.labels });
    expect(other).toMatchObject({ result: 'started' });
    await one.run().reject('start');
    await one.run().result();
    expect(await again()).toMatchObject({ result: 'repeated', runId });
  });

  test('that ended Failed or terminated is not started again by its repeat', async () => {
    const one = allowed();
    const gateway = await gatewayOf(one);
    const { runId } = await fire(gateway, { labels: one.labels });
    await one.run().gate('start');
    await one.run().handle.terminate('as a test');
    expect(await fire(gateway, { labels: one.labels })).toMatchObject({ result: 'repeated', runId });
  });

  test('another one while it is open is noted once, a resolved one too; nothing is cancelled', async () => {
    const one = allowed();
    const gateway = await gatewayOf(one);
    const { runId } = await fire(gateway, { labels: one.labels });
    await one.run().gate('start');
    const { labels } = one;
    expect(await fire(gateway, { fingerprint: 'f2', labels })).toMatchObject({ result: 'noted', runId });
    expect(await fire(gateway, { fingerprint: 'f2', labels })).toMatchObject({ result: 'repeated', runId });
    expect(await fire(gateway, { status: 'resolved', labels })).toMatchObject({ result: 'noted' });
    expect(await fire(gateway, { status: 'resolved', labels })).toMatchObject({ result: 'ignored' });
    const { annotations, gate } = await one.run().progress();
    expect(annotations.map(({ fingerprint, status }) => [fingerprint, status])).toEqual([
      ['f2', 'firing'],
      ['f1', 'resolved'],
    ]);
    expect(gate?.gate).toBe('start');
    expect(await sentTo(one)).toHaveLength(2);

    await one.run().reject('start');
    await one.run().result();
    expect(await fire(gateway, { fingerprint: 'f2', labels })).toMatchObject({
      result: 'repeated',
      runId,
      why: 'it was noted in the operation that was open then',
    });
  });

  test('that nothing allows, that is resolved before it began, or that is a day old starts nothing', async () => {
    const one = allowed();
    const gateway = await gatewayOf(one);
    expect(await fire(gateway, { labels: {} })).toMatchObject({ result: 'ignored' });
    const other = allowed({ source: 'grafana' });
    const another = await gatewayOf(other);
    expect(await fire(another, { labels: other.labels }), 'of another source').toMatchObject({
      result: 'ignored',
    });
    const almost = { ...one.labels, incident: 'another' };
    expect(await fire(gateway, { labels: almost })).toMatchObject({ result: 'ignored' });
    const resolved = await fire(gateway, { status: 'resolved', labels: one.labels });
    expect(resolved).toMatchObject({
      result: 'ignored',
      why: expect.stringMatching(/never a rollback/) as string,
    });
    const at = new Date(Date.now() - 25 * 3_600_000).toISOString();
    expect(await fire(gateway, { labels: one.labels, at })).toMatchObject({
      result: 'ignored',
      why: expect.stringMatching(/too long ago/) as string,
    });
    await expect(gateway.dependencies.backstep.progress(one.service)).rejects.toMatchObject({ kind: 'none' });
  });

  test('moves to the target of the definition, whatever its labels say, and names who asks and why', async () => {
    const one = allowed({ target: '0003' });
    const gateway = await gatewayOf(one);
    await fire(gateway, { labels: { ...one.labels, target: 'base', revision: '0001' } });
    await one.run().gate('start');
    const [input] = one.run().calls('assess');
    expect(input).toMatchObject({
      request: {
        target: '0003',
        requestedBy: 'generic',
        trigger: 'generic:f1',
        reason: 'Alert of generic: RadarDown: many errors',
        alert: { source: 'generic', fingerprint: 'f1', name: 'RadarDown', rule: 0 },
      },
    });
    await one.run().reject('start');
  });

  test('begins at once only where the definition says so', async () => {
    const one = allowed({ begins: 'at-once' });
    const gateway = await gatewayOf(one);
    expect(await fire(gateway, { labels: one.labels })).toMatchObject({ result: 'started' });
    await one.run().gate('downgrade');
    await one.run().reject('downgrade');
  });

  test('does not begin at once by a gateway without a key, which can prove nothing', async () => {
    const one = allowed({ begins: 'at-once' });
    const gateway = await gatewayWith(undefined, one);
    expect(await fire(gateway, { labels: one.labels })).toMatchObject({ result: 'started' });
    expect(await one.run().gate('start')).toMatchObject({ people: 1 });
    await one.run().reject('start');
  });

  test('of a storm does not start again what somebody has just ended, before the cool-down is over', async () => {
    const one = allowed({}, { definition: { coolDown: '1h' } });
    const gateway = await gatewayOf(one);
    const { labels } = one;
    const { runId } = await fire(gateway, { labels });
    await one.run().reject('start');
    await one.run().result();
    expect(await fire(gateway, { fingerprint: 'f2', labels })).toMatchObject({
      result: 'repeated',
      runId,
      why: expect.stringMatching(/ended 1 min ago; start by hand/) as string,
    });
  });

  test('about two services is a rollback of each', async () => {
    const incident = randomUUID();
    const [one, two] = [allowed({ match: { incident } }), allowed({ match: { incident } })];
    const gateway = await gatewayOf(one, two);
    const body = JSON.stringify({ fingerprint: 'f1', labels: { incident } });
    const answer = await post(`${gateway.url}/triggers/generic`, body, signature(body));
    const { alerts } = answer.body as { alerts: Taken[] };
    expect(alerts.map(({ service, result }) => [service, result])).toEqual([
      [one.service, 'started'],
      [two.service, 'started'],
    ]);
    for (const { run } of [one, two]) await run().reject('start');
  });

  test('replayed with its signature is the same rollback; replayed too late it is refused', async () => {
    const one = allowed();
    const gateway = await gatewayOf(one);
    const body = JSON.stringify({ fingerprint: 'f1', labels: one.labels });
    const seconds = Math.floor(Date.now() / 1_000);
    const send = (headers: Record<string, string>) => post(`${gateway.url}/triggers/generic`, body, headers);
    const [first, again] = [await send(signature(body, seconds)), await send(signature(body, seconds))];
    const runs = [first, again].map(({ body }) => (body as { alerts: Taken[] }).alerts[0]?.runId);
    expect(runs[0]).toBe(runs[1]);
    expect((await send(signature(body, seconds - 400))).status).toBe(403);
    expect(await sentTo(one)).toEqual([]);
    await one.run().reject('start');
  });
});
