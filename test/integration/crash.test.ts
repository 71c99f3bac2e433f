import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { clientOf, runOf, start } from './fixtures/workflow-run.ts';
import { openRecord, workloads, serviceState, type ServiceState } from './fixtures/service-state.ts';
import { installed, small, type Installation } from './fixtures/installation.ts';

interface Jobs {
  items: { metadata: { name: string; uid: string } }[];
}

describe('law 8: any process may die at any instant', () => {
  let here: Installation;
  let before: ServiceState;

  beforeEach(async () => {
    here = await installed({ name: 'crash', edit: small, workerProcess: true });
    before = await serviceState(here);
  });
  afterEach(() => here?.close());

  const jobs = async (step: string) => {
    const all = JSON.parse(
      await here.kubectl('get', 'jobs', '-l', `backstep.dev/step=${step}`, '-o', 'json'),
    ) as Jobs;
    return all.items.map((job) => `${job.metadata.name} ${job.metadata.uid}`);
  };
  const untilJob = async (step: string) => {
    for (const end = Date.now() + 60_000; Date.now() < end;) {
      const found = await jobs(step);
      if (found.length > 0) return found;
      await pause(200);
    }
    throw new Error(`no Job of ${step}`);
  };

  test('SIGKILL in back-up, at the gate and in downgrade: another worker goes on, the same Jobs, moved once', async () => {
    const rollback = await start(here);
    const backup = await untilJob('back-up');
    await here.killWorker();
    await here.restartWorker();
    const hash = await rollback.gate('downgrade');
    expect(await jobs('back-up')).toEqual(backup);

    await here.killWorker();
    await here.restartWorker();
    expect(await rollback.gate('downgrade')).toBe(hash);

    await rollback.approve('downgrade');
    const downgrade = await untilJob('downgrade');
    await here.killWorker();
    await here.restartWorker();
    const result = await rollback.result();

    expect(result.outcome).toBe('rolled-back');
    expect(downgrade).toHaveLength(1);
    const after = await serviceState(here);
    expect(after.revision).toBe('0004');
    expect(result.counts.atEnd).toMatchObject(before.counts);
    expect(after.replicas).toBe(1);
  });

  test('terminated after the downgrade: the record stays, a new start takes it up and ends it', async () => {
    const rollback = await start(here);
    await rollback.approve('downgrade');
    await rollback.step('downgrade', 'done');
    await rollback.handle.terminate('test');
    expect(await openRecord(here)).toBeDefined();
    expect((await workloads(here)).replicas).toBe(0);

    const again = await start(here);
    await again.approve('start');
    await again.approve('downgrade');
    const result = await again.result();
    expect(result.outcome).toBe('rolled-back');
    const after = await serviceState(here);
    expect([after.revision, after.replicas]).toEqual(['0004', 1]);
    expect(result.counts.atEnd).toMatchObject(before.counts);
    expect(await openRecord(here)).toBeUndefined();
  });

  test('law 2: a Reset to before the downgrade, after it, moves nothing twice', async () => {
    const rollback = await start(here);
    await rollback.approve('downgrade');
    await rollback.step('downgrade', 'done');
    const scheduled = await eventOf(here, 'downgrade');
    await here.temporal(
      'workflow',
      'reset',
      '-w',
      'backstep-deeptech-radar',
      '--event-id',
      String(scheduled),
      '--reason',
      'test',
    );
    const again = runOf(await clientOf(here));
    const result = await again.result();
    expect(result.outcome).toBe('rolled-back');
    const after = await serviceState(here);
    expect([after.revision, after.replicas]).toEqual(['0004', 1]);

    await here.temporal(
      'workflow',
      'reset',
      '-w',
      'backstep-deeptech-radar',
      '--type',
      'FirstWorkflowTask',
      '--reason',
      'test',
    );
    expect((await runOf(await clientOf(here)).result()).outcome).toBe('nothing-to-do');
    expect((await serviceState(here)).revision).toBe('0004');
  });
});

interface History {
  events: {
    eventId: string;
    eventType: string;
    activityTaskScheduledEventAttributes?: { activityType: { name: string } };
  }[];
}

/** The last completed workflow task before a step's activity was scheduled: where a Reset may go back to. */
async function eventOf(here: Installation, step: string): Promise<number> {
  const text = await here.temporal('workflow', 'show', '-w', 'backstep-deeptech-radar', '-o', 'json');
  const { events } = JSON.parse(text) as History;
  const scheduled = events.findIndex(
    (event) => event.activityTaskScheduledEventAttributes?.activityType.name === step,
  );
  const task = events
    .slice(0, scheduled)
    .findLast((event) => event.eventType.endsWith('WORKFLOW_TASK_COMPLETED'));
  return Number(task?.eventId);
}
