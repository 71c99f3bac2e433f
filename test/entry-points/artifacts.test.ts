import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { applicationFailure } from '../../src/activities/activity-function.ts';
import { Backstep } from '../../src/client.ts';
import { workerPolls } from '../../src/client/status.ts';
import { Failure } from '../../src/domain/failures.ts';
import type { ArtifactActivities, ArtifactList } from '../../src/domain/artifacts.ts';
import { markedIn } from '../docs.ts';
// Settles the log of this process.
import '../workflow/harness.ts';
import type { WorkflowHarness } from '../workflow/harness.ts';
import { cliHarness } from './cli-harness.ts';

const taskQueue = 'kept';
const list: ArtifactList = {
  service: 'radar',
  artifacts: [
    { name: 'radar__snapshot_0a1b2c3d', kind: 'snapshot', operation: 'bs-0a1b2c3d', expired: false },
  ],
  notes: [],
};
/** As docs/snapshot.md shows it. */
const shown: ArtifactList = {
  service: 'deeptech-radar',
  artifacts: [
    {
      name: 'deeptech__failed_1a2b3c4d',
      kind: 'failed database',
      operation: 'bs-1a2b3c4d',
      bytes: 812_400_000,
      since: '2025-11-18T03:12:00.000Z',
      until: '2025-11-25T03:12:00.000Z',
      expired: false,
    },
    {
      name: 'deeptech-radar/bs-1a2b3c4d-1.dump',
      kind: 'dump',
      operation: 'bs-1a2b3c4d',
      bytes: 27_000_000,
      since: '2025-11-18T03:01:00.000Z',
      until: '2025-12-18T03:01:00.000Z',
      expired: false,
    },
  ],
  notes: [],
};
const asked: unknown[] = [];
const activities: ArtifactActivities = {
  artifacts: async (input) => {
    asked.push(input);
    if (input.request.service === 'unknown')
      throw applicationFailure(new Failure('InvalidDefinition', 'There is no definition of unknown.'));
    return input.request.service === shown.service ? shown : list;
  },
  'remove-artifacts': async ({ request }) => ({
    service: request.service,
    removed: request.names,
    refused: request.service === shown.service ? [] : [{ name: 'radar', why: 'not made by Backstep' }],
  }),
};

let environment: TestWorkflowEnvironment;
let backstep: Backstep;
let stop: () => Promise<void>;
beforeAll(async () => {
  environment = await TestWorkflowEnvironment.createFromExistingServer({
    address: inject('temporalAddress'),
  });
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue,
    workflowBundle: { codePath: inject('workflowBundle') },
    activities: activities,
  });
  const running = worker.run();
  stop = async () => {
    worker.shutdown();
    await running;
    await environment.teardown();
  };
  backstep = new Backstep(environment.client, { taskQueue });
  // The client refuses where nobody polls, and a worker that has just begun is not seen at once.
  await vi.waitFor(async () => expect(await workerPolls(environment.client, taskQueue)).toBe(true), 10_000);
});
afterAll(() => stop());

const raw = (type: string, request: unknown) =>
  environment.client.workflow.execute(type, {
    taskQueue,
    workflowId: `${type}-${Math.random()}`,
    args: [request],
  });

test('kept lists, under an operation id of its own', async () => {
  expect(await backstep.artifacts({ service: 'radar' })).toEqual(list);
  expect(asked.at(-1)).toMatchObject({
    request: { service: 'radar' },
    operation: expect.stringMatching(/^bs-[0-9a-f]{8}$/) as string,
  });
});

test('removeArtifacts answers what was removed and what was refused', async () => {
  expect(await backstep.removeArtifacts({ service: 'radar', names: ['radar__snapshot_0a1b2c3d'] })).toEqual({
    service: 'radar',
    removed: ['radar__snapshot_0a1b2c3d'],
    refused: [{ name: 'radar', why: 'not made by Backstep' }],
  });
});

test.each([
  ['artifacts', { service: 'Radar!', force: true }, ['service', 'force']],
  ['artifacts', undefined, ['object']],
  ['removeArtifacts', { service: 'radar' }, ['name what is to be removed']],
  ['removeArtifacts', { service: 'radar', names: ['a'], expired: true }, ['not both']],
])('%s ends at once with every fault of %j named', async (type, request, faults) => {
  const failed: unknown = await raw(type, request).catch((error: unknown) => error);
  expect(failed).toMatchObject({ cause: { type: 'InvalidRequest' } });
  for (const fault of faults) expect((failed as { cause: Error }).cause.message).toContain(fault);
});

test('a failure ends it with its type and the next move', async () => {
  await expect(backstep.artifacts({ service: 'unknown' })).rejects.toMatchObject({
    kind: 'refused',
    message: expect.stringContaining('There is no definition of unknown.') as string,
    next: expect.stringContaining('Correct the service definition') as string,
  });
});

test('docs/snapshot.md: every command answers as the page shows it', async () => {
  const [block = ''] = markedIn('docs/snapshot.md', 'artifacts');
  const { cli } = cliHarness({ name: taskQueue } as WorkflowHarness);
  const answers: string[] = [];
  for (const line of block.split('\n').filter((each) => each.startsWith('$ '))) {
    const { status, out, err } = await cli(line.slice('$ backstep '.length));
    expect(status, err).toBe(0);
    answers.push(`${line}\n${out}`);
  }
  expect(answers.join('')).toBe(block);
});
