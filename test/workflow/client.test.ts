import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { Backstep } from '../../src/client.ts';
import type { BackstepOptions, Status } from '../../src/client.ts';
import { connectClient } from '../../src/client/connection.ts';
import { workerPolls } from '../../src/client/status.ts';
import { fault } from '../../src/domain/failures.ts';
import { workflowIdOf } from '../../src/domain/names.ts';
import { findings } from '../example-plan.ts';
import { failing, workflowHarness } from './harness.ts';

const harness = workflowHarness();
const opened: Backstep[] = [];
let backstep: Backstep;

async function connected(options: Partial<BackstepOptions> = {}): Promise<Backstep> {
  const client = await connectClient({ address: inject('temporalAddress') });
  const made = new Backstep(client, { taskQueue: harness.name, ...options });
  opened.push(made);
  return made;
}

beforeAll(async () => {
  backstep = await connected();
  // On a busy machine a client may ask before the server has seen the worker poll.
  while (!(await workerPolls(backstep.temporal, harness.name))) await pause(50);
});
afterAll(() => Promise.all(opened.map((one) => one.close())));

const handleOf = (service: string) => backstep.temporal.workflow.getHandle(workflowIdOf(service));

async function until(service: string, look: (status: Status) => unknown): Promise<Status> {
  for await (const status of backstep.watch(service, 50)) if (look(status)) return status;
  throw new Error(`${service} ended otherwise`);
}

/** Starts and goes all the way with one approval. */
async function rolledBack(service: string, request: object = {}): Promise<string> {
  const { runId } = await backstep.start({ service, ...request });
  const { progress } = await until(service, (status) => status.progress?.gate);
  const { gate = 'downgrade', hash = '' } = progress?.gate ?? {};
  await backstep.approve(service, { gate, plan: hash, by: 'ann' });
  await handleOf(service).result();
  return runId;
}

describe.concurrent('start', () => {
  test('a second one is answered with the run that is open', async () => {
    const service = harness.addService();
    const first = await backstep.start({ service });
    expect(first).toMatchObject({ workflowId: `backstep-${service}`, worker: true });
    expect(first.already).toBeUndefined();
    const second = await backstep.start({ service, target: '0003' });
    expect(second).toMatchObject({ runId: first.runId, already: { state: 'running' } });
  });

  test('many at once make one run', async () => {
    const service = harness.addService();
    const runs = await Promise.all(Array.from({ length: 8 }, () => backstep.start({ service })));
    expect(new Set(runs.map(({ runId }) => runId)).size).toBe(1);
    expect(runs.filter(({ already }) => already === undefined)).toHaveLength(1);
  });

  test('law 2: -1 again within the cool-down is answered with the rollback that ended; a revision is not', async () => {
    const service = harness.addService();
    const runId = await rolledBack(service);
    const again = await backstep.start({ service });
    expect(again).toMatchObject({
      runId,
      already: { state: 'ended', end: { result: { outcome: 'rolled-back', to: '0004' } } },
    });
    const explicit = await backstep.start({ service, target: '0003' });
    expect(explicit.already).toBeUndefined();
    expect(explicit.runId).not.toBe(runId);
  });

  test('-1 again after the cool-down starts anew', async () => {
    const service = harness.addService();
    const runId = await rolledBack(service);
    const later = await (await connected({ coolDown: 1 })).start({ service });
    expect(later.already).toBeUndefined();
    expect(later.runId).not.toBe(runId);
  });

  test('the same trigger is answered with its run, however it was started; a terminated one does not answer', async () => {
    const service = harness.addService();
    const handle = await backstep.temporal.workflow.start('rollback', {
      workflowId: workflowIdOf(service),
      taskQueue: harness.name,
      args: [{ service, trigger: 'alert-7' }],
    });
    const { progress } = await until(service, (status) => status.progress?.gate);
    await backstep.reject(service, { gate: 'downgrade', plan: progress?.gate?.hash ?? '', by: 'ann' });
    await handle.result();
    expect(await backstep.start({ service, trigger: 'alert-7' })).toMatchObject({
      runId: handle.firstExecutionRunId,
      already: {
        state: 'ended',
        why: 'the same trigger started it',
        end: { result: { outcome: 'put-back' } },
      },
    });
    const other = await backstep.start({ service, trigger: 'alert-8' });
    expect(other.already).toBeUndefined();
    await handleOf(service).terminate('as a test');
    expect((await backstep.start({ service, trigger: 'alert-8' })).already).toBeUndefined();
  });

  test('bad input is refused with every fault, before anything reaches Temporal', async () => {
    const service = harness.addService();
    const bad = { service, target: 'rm -rf', reason: 7 } as unknown as { service: string };
    await expect(backstep.start(bad)).rejects.toMatchObject({
      kind: 'invalid',
      message: expect.stringMatching(/target: .*reason: /) as string,
    });
    await expect(backstep.progress(service)).rejects.toMatchObject({ kind: 'none' });
  });
});

describe.concurrent('messages', () => {
  test('are answered; one for another plan, or for a gate not open, is refused with the reason', async () => {
    const service = harness.addService();
    await backstep.start({ service });
    const { progress } = await until(service, (status) => status.progress?.gate);
    const hash = progress?.gate?.hash ?? '';
    const wrong = { gate: 'downgrade', plan: '000000000000', by: 'ann' } as const;
    await expect(backstep.approve(service, wrong)).rejects.toMatchObject({ kind: 'refused' });
    await expect(backstep.approve(service, { ...wrong, gate: 'restore', plan: hash })).rejects.toMatchObject({
      kind: 'refused',
    });
    const decision = { hold: 'verify-1', decision: 'retry', by: 'ann' } as const;
    await expect(backstep.decide(service, decision)).rejects.toMatchObject({ kind: 'refused' });
    expect(await backstep.acknowledge(service, { by: 'ben' })).toMatch(/\w/);
    expect(await backstep.approve(service, { gate: 'downgrade', plan: hash, by: 'ann' })).toMatch(/\w/);
    await handleOf(service).result();
    await expect(backstep.approve(service, { ...wrong, plan: hash })).rejects.toMatchObject({ kind: 'none' });
  });

  test('of the wrong form are refused here', async () => {
    await expect(backstep.approve('any', { gate: 'downgrade', plan: 'short', by: '' })).rejects.toMatchObject(
      {
        kind: 'invalid',
        message: expect.stringMatching(/plan: .*by: /) as string,
      },
    );
  });
});

describe.concurrent('progress', () => {
  test('is merged with what the activity says it is doing', async () => {
    const released = new AbortController();
    const service = harness.addService({
      activities: {
        'back-up': async () => {
          Context.current().heartbeat({ doing: 'dumping', done: 120, of: 800, unit: 'rows' });
          await once(released.signal, 'abort');
          return findings['back-up'];
        },
      },
    });
    await backstep.start({ service });
    const { atWork, progress } = await until(service, (status) => status.atWork.some(({ latest }) => latest));
    released.abort();
    expect(atWork.find(({ step }) => step === 'back-up')).toMatchObject({
      attempt: 1,
      startedAt: expect.any(String) as string,
      latest: { doing: 'dumping', done: 120, of: 800, unit: 'rows' },
    });
    expect(progress?.steps.find(({ step }) => step === 'back-up')?.state).toBe('running');
  });

  test('names the attempt, and why the one before failed', async () => {
    const service = harness.addService({
      activities: {
        'back-up': (_input, call) =>
          call > 2 ? findings['back-up'] : failing('DatabaseUnreachable', 'no route')(),
      },
    });
    await backstep.start({ service });
    const { atWork } = await until(service, (status) => status.atWork.some(({ lastFailure }) => lastFailure));
    const work = atWork.find(({ step }) => step === 'back-up');
    expect(work?.attempt).toBeGreaterThan(1);
    expect(work?.lastFailure).toMatch(/no route/);
  });

  test('of a refused run has the failure with its types and next move, said once', async () => {
    const service = harness.addService({
      activities: {
        assess: () => ({ kind: 'refused', faults: [fault('WorkloadMissing', 'no Deployment x')] }),
      },
    });
    await backstep.start({ service });
    await handleOf(service)
      .result()
      .catch(() => undefined);
    const { state, end, endedAt } = await backstep.progress(service);
    expect(state).toBe('FAILED');
    expect(endedAt).toBeDefined();
    expect(end).toMatchObject({
      failure: {
        type: 'Refused',
        faults: ['WorkloadMissing'],
        message: expect.stringMatching(/no Deployment x/) as string,
      },
    });
  });

  test('of an ended rollback has its result, plan and report', async () => {
    const service = harness.addService();
    await rolledBack(service);
    const { end, progress } = await backstep.progress(service);
    expect(end).toMatchObject({ result: { outcome: 'rolled-back' } });
    expect(progress?.phase).toBe('ended');
    expect(await backstep.pinnedPlan(service)).toMatchObject({ plan: { target: '0004' } });
    expect(await backstep.report(service)).toMatchObject({ service, outcome: 'rolled-back' });
  });
});

describe.concurrent('without a worker', () => {
  test('everything says so at once, and nothing hangs', async () => {
    const deserted = await connected({ taskQueue: `${harness.name}-deserted` });
    const service = harness.addService();
    const started = await deserted.start({ service });
    expect(started.worker).toBe(false);
    const began = Date.now();
    const { noWorker, state, progress } = await deserted.progress(service);
    expect({ state, progress }).toEqual({ state: 'RUNNING', progress: undefined });
    expect(noWorker).toMatch(/No worker/);
    const message = { gate: 'downgrade', plan: '000000000000', by: 'ann' } as const;
    await expect(deserted.approve(service, message)).rejects.toMatchObject({ kind: 'no-worker' });
    await expect(deserted.plan({ service })).rejects.toMatchObject({ kind: 'no-worker' });
    expect(Date.now() - began).toBeLessThan(3_000);
    await handleOf(service).terminate();
  });
});

describe.concurrent('plan', () => {
  test('answers with the assessment, and starts no rollback', async () => {
    const service = harness.addService();
    expect(await backstep.plan({ service })).toMatchObject({
      kind: 'planned',
      plan: { from: '0005', target: '0004' },
    });
    expect(harness.calls(service, 'assess')[0]).toMatchObject({ onlyPlan: true });
    expect(harness.calls(service, 'stop-writes')).toEqual([]);
    await pause(10);
    await expect(backstep.progress(service)).rejects.toMatchObject({ kind: 'none' });
  });

  test('a failing assessment is an answer too', async () => {
    const service = harness.addService({
      activities: { assess: failing('DatabaseLoginRefused', 'wrong password') },
    });
    expect(await backstep.plan({ service })).toMatchObject({
      kind: 'refused',
      faults: [{ type: 'DatabaseLoginRefused', message: 'wrong password' }],
    });
  });
});
