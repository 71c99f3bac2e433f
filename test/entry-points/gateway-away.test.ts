import { createHmac, randomUUID } from 'node:crypto';
import { afterAll, expect, inject, test } from 'vitest';
import type { Taken } from '../../src/gateway/take.ts';
import { fault } from '../../src/domain/failures.ts';
import { workflowIdOf } from '../../src/domain/names.ts';
import type { Definitions } from '../../src/storage/definitions.ts';
import { definitionSource } from '../example-plan.ts';
import { definitionsOf, lazily, post, served } from '../gateway.ts';
import type { Served } from '../gateway.ts';
import { workflowHarness } from '../workflow/harness.ts';

const harness = workflowHarness();
const secret = 'a secret that is long enough';
const open: Served[] = [];
afterAll(() => Promise.all(open.map((one) => one.close())));

async function gatewayOf(definitions: Definitions, taskQueue = harness.name): Promise<Served> {
  const backstep = await lazily(inject('temporalAddress'), { taskQueue });
  const gateway = await served({ backstep, definitions, secretsOf: async () => [secret] });
  open.push(gateway);
  return gateway;
}

function fire(gateway: Served, alert: object) {
  const body = JSON.stringify({ fingerprint: 'f1', ...alert });
  const seconds = Math.floor(Date.now() / 1_000);
  const mac = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return post(`${gateway.url}/triggers/generic`, body, { 'x-backstep-signature': `t=${seconds},v1=${mac}` });
}

const rule = () => ({ source: 'generic' as const, match: { incident: randomUUID() } });

/** Beside the definitions given, one that cannot be used. */
function withFaulty(definitions: Definitions): Definitions {
  return {
    list: async () => [...(await definitions.list()), 'faulty'],
    load: async (service) =>
      service === 'faulty'
        ? { faults: [fault('InvalidDefinition', 'faulty.yaml: database is missing')] }
        : definitions.load(service),
  };
}

test('an alert that fits no rule is answered 503 while a definition has faults, which are logged', async () => {
  const gateway = await gatewayOf(withFaulty(definitionsOf([])));
  expect(await fire(gateway, { labels: { service: 'faulty' } })).toMatchObject({
    status: 503,
    body: { error: { faults: ['faulty.yaml: database is missing'] } },
  });
  expect(gateway.logged).toContainEqual(
    expect.objectContaining({ level: 50, faults: ['faulty.yaml: database is missing'] }),
  );
});

test('an alert that fits a rule is taken, whatever another definition lacks', async () => {
  const one = rule();
  const service = harness.addService({ definition: { triggers: [one] } });
  const gateway = await gatewayOf(
    withFaulty(definitionsOf([{ ...definitionSource(service), triggers: [one] }])),
  );
  const { status, body } = await fire(gateway, { labels: one.match });
  expect(status).toBe(200);
  expect((body as { alerts: Taken[] }).alerts).toMatchObject([{ result: 'started', service }]);
  const handle = harness.environment.client.workflow.getHandle(workflowIdOf(service));
  await harness.follow(handle, service).reject('start');
});

test('a resolved alert is answered 503 while no worker can note it, so that its sender comes again', async () => {
  const one = rule();
  const service = harness.addService();
  const taskQueue = `${harness.name}-deserted`;
  await harness.environment.client.workflow.start('rollback', {
    taskQueue,
    workflowId: workflowIdOf(service),
    args: [{ service }],
  });
  const definitions = definitionsOf([{ ...definitionSource(service), triggers: [one] }]);
  const gateway = await gatewayOf(definitions, taskQueue);
  expect(await fire(gateway, { status: 'resolved', labels: one.match })).toMatchObject({ status: 503 });
});

test('a resolved alert of a day ago is not noted: it is sent again by somebody else', async () => {
  const one = rule();
  const service = harness.addService({ definition: { triggers: [one] } });
  const gateway = await gatewayOf(definitionsOf([{ ...definitionSource(service), triggers: [one] }]));
  await fire(gateway, { labels: one.match });
  const run = harness.follow(harness.environment.client.workflow.getHandle(workflowIdOf(service)), service);
  await run.gate('start');
  const at = new Date(Date.now() - 25 * 3_600_000).toISOString();
  const { body } = await fire(gateway, { status: 'resolved', labels: one.match, at });
  expect((body as { alerts: Taken[] }).alerts).toMatchObject([
    { result: 'ignored', why: expect.stringMatching(/too long ago to be noted/) as string },
  ]);
  expect((await run.progress()).annotations).toEqual([]);
  await run.reject('start');
});
