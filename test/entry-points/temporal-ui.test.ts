import { randomUUID } from 'node:crypto';
import proto from '@temporalio/proto';
import { defaultPayloadConverter } from '@temporalio/common';
import { execa } from 'execa';
import { expect, inject, test, vi } from 'vitest';
import { temporalProgram } from '../../lab/temporal.ts';
import { messages, queries } from '../../src/domain/approval/messages.ts';
import { registerAttributes } from '../../src/worker/connection.ts';
import { attributeNames } from '../../src/client/search-attributes.ts';
import { markedIn } from '../docs.ts';
import { words } from '../integration/fixtures/readme.ts';
import type { WorkflowRun } from '../workflow/workflow-run.ts';
import { failingAt, workflowHarness } from '../workflow/harness.ts';

const harness = workflowHarness();

const { EventType } = proto.temporal.api.enums.v1;
type Metadata = proto.temporal.api.sdk.v1.IWorkflowMetadata;
const serviceOf = ({ handle }: WorkflowRun) => handle.workflowId.replace('backstep-', '');
const metadataOf = (run: WorkflowRun) => run.handle.query<Metadata>('__temporal_workflow_metadata');

const named = (list: { name?: string | null; description?: string | null }[] | null | undefined) =>
  Object.fromEntries((list ?? []).map(({ name, description }) => [name, description]));

/** What a worker logs while it registers. */
function listening() {
  const said: string[] = [];
  const log = {
    info: (_fields: object, message: string) => said.push(message),
    warn: (_fields: object, message: string) => said.push(`warning: ${message}`),
  } as unknown as Parameters<typeof registerAttributes>[2];
  return { said, log };
}

/** A namespace in which nothing is registered yet. */
async function newNamespace(): Promise<string> {
  const namespace = `attributes-${randomUUID().slice(0, 8)}`;
  await harness.environment.connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: { low: 86_400, high: 0, unsigned: false } as never },
  });
  return namespace;
}

/** One rollback with whatever a rollback can have: gates, a hold, an escalation, telling, a restore. */
async function eventful(): Promise<WorkflowRun> {
  const run = await harness.start({
    definition: {
      notify: [{ name: 'ops', channel: 'slack', url: { secret: 's', key: 'k' } }],
      escalation: { attempts: 1, path: ['DBA', 'CTO'] },
      approvals: { start: { people: 1 } },
    },
    activities: {
      ...failingAt('back-up', [1], 'BackupFailed'),
      ...failingAt('verify', [1], 'VerificationFailed'),
    },
  });
  await run.approve('start');
  await run.decide('back-up', 'retry');
  await run.approve('downgrade');
  await run.decide('verify', 'restore');
  await run.approve('restore');
  await run.result();
  return run;
}

test('every signal, update and query says in the UI what it is for', async () => {
  const run = await harness.start();
  await run.gate('downgrade');
  const { definition } = await metadataOf(run);
  const described = Object.fromEntries(
    Object.entries(messages).map(([name, { description }]) => [name, description]),
  );
  expect(named(definition?.signalDefinitions)).toMatchObject(described);
  expect(named(definition?.updateDefinitions)).toMatchObject(described);
  expect(named(definition?.queryDefinitions)).toMatchObject(queries);
  await run.reject('downgrade');
  await run.result();
});

test('every activity and timer has its summary', async () => {
  const run = await eventful();
  const { events } = await run.handle.fetchHistory();
  const wanted = (events ?? []).filter(
    ({ eventType }) =>
      eventType === EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED ||
      eventType === EventType.EVENT_TYPE_TIMER_STARTED,
  );
  const summaries = wanted.map(({ userMetadata, activityTaskScheduledEventAttributes: activity }) => {
    const { summary } = userMetadata ?? {};
    return summary
      ? defaultPayloadConverter.fromPayload<string>(summary)
      : `none: ${activity?.activityType?.name}`;
  });
  expect(summaries.filter((summary) => summary.startsWith('none'))).toEqual([]);
  for (const summary of [
    'Back the database up, and prove the backup',
    'Gate start expires',
    'Hold back-up-1 gives up',
    'Escalate further',
    'Writes stopped for too long',
  ])
    expect(summaries).toContain(summary);
  expect(summaries.some((summary) => /^Tell ops: .*Begin this rollback\?/.test(summary))).toBe(true);
});

test('current details are Markdown with a table, and what to do stands above it', async () => {
  const run = await harness.start();
  const { hash } = await run.gate('downgrade');
  const { currentDetails } = await metadataOf(run);
  const [above = '', table = ''] = (currentDetails ?? '').split(
    '| Step | State | Time | |\n|---|---|---|---|\n',
  );
  expect(above).toContain('**Gate downgrade waits for 1 person** until ');
  expect(above).toContain(`{"gate":"downgrade","plan":"${hash}","by":"your name"}`);
  expect(above).toContain('the outage budget of 2 h 00 min is used up at ');
  for (const row of table.split('\n')) expect(row).toMatch(/^\|.*\|.*\|.*\|.*\|$/);
  await run.reject('downgrade');
  await run.result();
});

test('what was begun under another ID has a summary too', async () => {
  const service = harness.addService();
  const elsewhere = await harness.startRequest({ service }, `by-hand-${service}`);
  await elsewhere.result();
  const { client } = harness.environment;
  const handle = client.workflow.getHandle(`backstep-${service}`);
  const { staticSummary } = await handle.describe();
  expect(await staticSummary?.()).toBe(`Roll back ${service}`);
  await handle.terminate();
});

test('rollbacks are listed by service and phase as soon as a worker has started, without any command', async () => {
  const { nativeConnection, client } = harness.environment;
  const namespace = await newNamespace();
  const { said, log } = listening();
  // Two workers that start at once; then one more.
  await Promise.all([
    registerAttributes(nativeConnection, namespace, log),
    registerAttributes(nativeConnection, namespace, log),
  ]);
  await registerAttributes(nativeConnection, namespace, log);
  const known = await client.connection.operatorService.listSearchAttributes({ namespace });
  expect(Object.keys(known.customAttributes ?? {})).toEqual(expect.arrayContaining([...attributeNames]));
  expect(said.filter((each) => each.startsWith('warning'))).toEqual([]);
  expect(said.length).toBeGreaterThanOrEqual(1);
});

test('a worker that another one outruns, and is refused for it, has nothing to say', async () => {
  const keyword = proto.temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;
  let customAttributes: Record<string, number> = {};
  const operatorService = {
    listSearchAttributes: async () => ({ customAttributes }),
    // Older servers answer so; the development server takes them twice.
    addSearchAttributes: async () => {
      customAttributes = Object.fromEntries(attributeNames.map((name) => [name, keyword]));
      throw Object.assign(new Error('exist'), { code: 6, details: 'already exist', metadata: {} });
    },
  } as never;
  const { said, log } = listening();
  await registerAttributes({ operatorService }, 'default', log);
  expect(said.filter((each) => each.startsWith('warning'))).toEqual([]);
});

test('a rollback stands in the lists of docs/temporal.md, by its service, its phase and its outcome', async () => {
  const run = await harness.start({ activities: failingAt('verify', [1], 'VerificationFailed') });
  const { workflowId } = run.handle;
  const [commands = ''] = markedIn('docs/temporal.md', 'temporal-lists');
  const lists = (await words('temporal', commands.replace('deeptech-radar', serviceOf(run)))).map(
    (command) => async () => {
      const options = ['--address', inject('temporalAddress'), '--output', 'json', '--limit', '1000'];
      return (await execa(await temporalProgram(), [...command, ...options])).stdout;
    },
  );
  const [ofService, atGate, atHold, rolledBack] = lists;
  // Visibility is behind by up to a second or two.
  const stands = (list = ofService) =>
    vi.waitFor(async () => expect(await list?.()).toContain(workflowId), 10_000);
  await run.gate('downgrade');
  await stands(ofService);
  await stands(atGate);
  await run.approve('downgrade');
  await run.hold('verify');
  await stands(atHold);
  await run.decide('verify', 'retry');
  await run.result();
  await stands(rolledBack);
  expect(await atGate?.()).not.toContain(workflowId);
});

test('a worker that may not register them, or finds one of another type, starts and says what to do', async () => {
  const namespace = await newNamespace();
  const { nativeConnection } = harness.environment;
  const text = proto.temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_TEXT;
  await nativeConnection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: { BackstepPhase: text },
  });
  const { said, log } = listening();
  await vi.waitFor(async () => {
    await registerAttributes(nativeConnection, namespace, log);
    expect(said.at(-1)).toContain('BackstepPhase exist, but not as Keyword. Remove them first');
  }, 10_000);
  const denied = Object.assign(new Error('denied'), {
    code: 7,
    details: 'Request unauthorized.',
    metadata: {},
  });
  const operatorService = { listSearchAttributes: () => Promise.reject(denied) } as never;
  await registerAttributes({ operatorService }, namespace, log);
  expect(said.at(-1)).toMatch(
    /^warning: rollbacks cannot be listed by service and phase: .*Request unauthorized/,
  );
  expect(said.at(-1)).toContain(
    'temporal operator search-attribute create --name BackstepService --type Keyword',
  );
});
