import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { alertmanager } from './fixtures/alertmanager.ts';
import type { Alertmanager } from './fixtures/alertmanager.ts';
import { clientOf, runOf } from './fixtures/workflow-run.ts';
import { serviceState } from './fixtures/service-state.ts';
import { installed, small } from './fixtures/installation.ts';
import type { Installation } from './fixtures/installation.ts';

const secret = 'a secret that Alertmanager and the gateway share';
const token = 'the-token-of-ann-on-this-lab';
const labels = { alertname: 'RadarDown', service: 'deeptech-radar', rollback: 'backstep' };
let here: Installation;
let sender: Alertmanager;

beforeAll(async () => {
  here = await installed({
    name: 'alertmanager',
    edit: (definition) => {
      small(definition);
      definition.triggers = [{ source: 'alertmanager', match: { service: 'deeptech-radar' } }];
    },
  });
});
afterAll(async () => {
  await sender?.stop();
  await here?.close();
});

test('an alert of a real Alertmanager by the shipped configuration: the rollback stands at its gate; a hundred more, still one', async () => {
  const before = await serviceState(here);
  const gateway = await here.gateway({ 'ann dba': token }, { alertmanager: secret });
  sender = await alertmanager(gateway.url, secret);
  await sender.fire([{ labels }]);
  const client = await clientOf(here);
  const rollback = runOf(client, 'backstep-deeptech-radar');
  await untilStarted(rollback);
  const hash = await rollback.gate('start');
  expect(await serviceState(here), 'nothing is touched before somebody approves').toEqual(before);
  const { runId } = await rollback.handle.describe();

  for (let pod = 0; pod < 100; pod += 1) {
    await sender.fire([{ labels }, { labels: { ...labels, pod: `radar-${pod}` } }]);
    await pause(50);
  }
  // Its own repeats come each two seconds.
  const sent = async () => (await readFile(gateway.log, 'utf8')).match(/alerts taken/g) ?? [];
  for (let waited = 0; (await sent()).length < 6 && waited < 60_000; waited += 500) await pause(500);
  expect((await sent()).length).toBeGreaterThanOrEqual(6);

  const runs: string[] = [];
  for await (const run of client.workflow.list({ query: "WorkflowType = 'rollback'" })) runs.push(run.runId);
  expect(runs).toEqual([runId]);
  const { annotations, gate } = await rollback.progress();
  expect(gate?.hash).toBe(hash);
  expect(annotations.length).toBeGreaterThan(0);
  expect(annotations.length).toBeLessThanOrEqual(50);
  const { events } = await rollback.handle.fetchHistory();
  const signals = (events ?? []).filter((event) => event.workflowExecutionSignaledEventAttributes);
  expect(signals).toEqual([]);

  const approval = await fetch(`${gateway.url}/api/rollbacks/deeptech-radar/reject`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ gate: 'start', plan: hash, reason: 'only a test' }),
  });
  expect(approval.status, await approval.text()).toBe(200);
  expect((await rollback.result()).outcome).toBe('rejected');
  await sender.fire([{ labels }]);
  await pause(5_000);
  expect((await rollback.handle.describe()).runId).toBe(runId);
  expect(await serviceState(here)).toEqual(before);
});

async function untilStarted(rollback: ReturnType<typeof runOf>): Promise<void> {
  for (let waited = 0; waited < 60_000; waited += 500) {
    const started = await rollback.handle.describe().then(
      () => true,
      () => false,
    );
    if (started) return;
    await pause(500);
  }
  throw new Error('no rollback was started');
}
