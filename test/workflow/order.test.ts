import { describe, expect, test } from 'vitest';
import { workflowIdOf } from '../../src/domain/names.ts';
import { fault } from '../../src/domain/failures.ts';
import { failing, workflowHarness } from './harness.ts';

const harness = workflowHarness();

describe.concurrent('the order of the runbook', () => {
  test('all is well: one approval, then rolled-back', async () => {
    const run = await harness.start();
    await run.approve('downgrade');
    const result = await run.result();
    expect(result).toMatchObject({
      outcome: 'rolled-back',
      from: '0005',
      to: '0004',
      counts: { afterStop: { papers: 100, scores: 7 }, atEnd: { papers: 100 } },
      report: { markdown: expect.stringContaining('report.md') as string },
    });
    expect(result.notVerified).toContain('Who decided: names are self-asserted, nobody proved an identity.');
    const { steps, phase } = await run.progress();
    expect(phase).toBe('ended');
    expect(steps.map(({ step, part, state }) => [step, part, state].join(' ').trim())).toEqual([
      'assess  done',
      'stop-writes  done',
      'guard-writes  done',
      'snapshot  done',
      'back-up  done',
      'rehearse  done',
      'salvage  done',
      'downgrade  done',
      'verify  done',
      'roll-back-app  done',
      'start-app  done',
      'resume-cron-jobs hourly done',
      'resume-cron-jobs daily done',
      'report  done',
    ]);
  });

  test('law 1: the downgrade gets the backup that was proved and the hash that was approved', async () => {
    const run = await harness.start();
    const { hash } = await run.gate('downgrade');
    expect(run.calls('downgrade')).toEqual([]);
    await run.approve('downgrade');
    await run.result();
    const [input] = run.calls('downgrade');
    expect(input).toMatchObject({ approved: hash, waysBack: { backup: { proof: 'read' } }, try: 1 });
    expect(run.calls('report')[0]).toMatchObject({ outcome: 'rolled-back', keepRecord: false });
  });

  test('nothing to do ends well and touches nothing', async () => {
    const run = await harness.start({
      activities: {
        assess: () => ({
          kind: 'nothing-to-do',
          reason: 'The database is at 0004 already.',
          revision: '0004',
        }),
      },
    });
    expect(await run.result()).toMatchObject({
      outcome: 'nothing-to-do',
      reason: 'The database is at 0004 already.',
    });
    expect(run.calls('stop-writes')).toEqual([]);
  });

  test('a refusal names every fault with its next move', async () => {
    const faults = [
      fault('SecretMissing', 'Secret radar-admin is missing.'),
      fault('WorkloadMissing', 'No Deployment api.'),
    ];
    const run = await harness.start({ activities: { assess: () => ({ kind: 'refused', faults }) } });
    const { type, message } = await run.failure();
    expect(type).toBe('Refused');
    for (const { message: seen, next } of faults) {
      expect(message).toContain(seen);
      expect(message).toContain(next);
    }
    expect(run.calls('stop-writes')).toEqual([]);
  });

  test('an activity that throws in assess refuses, too', async () => {
    const run = await harness.start({
      activities: { assess: failing('DatabaseLoginRefused', 'The login was refused.') },
    });
    expect(await run.failure()).toMatchObject({
      type: 'Refused',
      message: expect.stringContaining('The login was refused.') as string,
    });
  });

  test('a report that cannot be written does not block the end', async () => {
    const run = await harness.start({ activities: { report: failing('OperationLost') } });
    await run.approve('downgrade');
    const result = await run.result();
    expect(result.outcome).toBe('rolled-back');
    expect(result.report).toBeUndefined();
    expect(result.reason).toContain('The report could not be written.');
  });

  test('search attributes and current details follow the journal', async () => {
    const run = await harness.start();
    const { hash } = await run.gate('downgrade');
    const { searchAttributes } = await run.handle.describe();
    expect(searchAttributes).toMatchObject({ BackstepPhase: ['gate-downgrade'], BackstepTarget: ['0004'] });
    const metadata = await run.handle.query<{ currentDetails: string; definition: object }>(
      '__temporal_workflow_metadata',
    );
    expect(metadata.currentDetails).toContain(hash);
    expect(metadata.currentDetails).toContain('| Back the database up');
    expect(JSON.stringify(metadata.definition)).toContain('Let the rollback pass a gate');
    await run.reject('downgrade');
    await run.result();
    expect((await run.handle.describe()).searchAttributes).toMatchObject({ BackstepOutcome: ['put-back'] });
  });

  test('search attributes that are not registered are not set', async () => {
    const run = await harness.start({ searchAttributes: false });
    await run.approve('downgrade');
    await run.result();
    expect((await run.handle.describe()).searchAttributes).not.toHaveProperty('BackstepPhase');
  });
});

describe.concurrent('what it is started with', () => {
  test.each([
    ['no object', 'radar', 'expected object'],
    ['no service', {}, 'service'],
    ['an unknown key', { service: 'radar', revision: '0004' }, 'revision'],
    ['a bad target', { service: 'radar', target: 'a;b' }, 'target: must be -1'],
    ['nothing', undefined, 'expected object'],
  ])('%s ends at once as InvalidRequest', async (_name, request, says) => {
    const run = await harness.startRequest(request, `backstep-invalid-${JSON.stringify(request ?? 'none')}`);
    const { type, message } = await run.failure();
    expect(type).toBe('InvalidRequest');
    expect(message).toContain(says);
    expect(message).toContain('nothing was touched');
  });

  test('bytes that are no JSON end it, too', async () => {
    const { client } = harness.environment;
    const workflowId = 'backstep-no-json';
    await client.workflowService.startWorkflowExecution({
      namespace: 'default',
      workflowId,
      workflowType: { name: 'rollback' },
      taskQueue: { name: harness.name },
      requestId: workflowId,
      input: {
        payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{"service":') }],
      },
    });
    const broken = harness.follow(client.workflow.getHandle(workflowId), 'none');
    expect(await broken.failure()).toMatchObject({ type: 'InvalidRequest' });
  });

  test('a time-out of the run is refused: it would end without compensation', async () => {
    const service = harness.addService();
    const run = await harness.startRequest({ service }, workflowIdOf(service), { workflowRunTimeout: '1h' });
    expect(await run.failure()).toMatchObject({
      type: 'InvalidRequest',
      message: expect.stringContaining('a run time-out is set') as string,
    });
    expect(run.calls('assess')).toEqual([]);
  });

  test('law 6: under another workflow ID it starts the right one and says so', async () => {
    const service = harness.addService();
    const elsewhere = await harness.startRequest({ service }, `my-own-id-${service}`);
    expect(await elsewhere.result()).toEqual({ continuesAs: workflowIdOf(service) });
    const run = harness.follow(harness.environment.client.workflow.getHandle(workflowIdOf(service)), service);
    await run.reject('downgrade');
    expect(await run.result()).toMatchObject({ outcome: 'put-back' });
  });

  test('law 6: while one is open, a second one under any ID ends as AlreadyRunning and names it', async () => {
    const run = await harness.start();
    const { gate, service } = await run.until('a gate', (now) => now.gate && now);
    expect(gate?.gate).toBe('downgrade');
    const second = await harness.startRequest({ service }, `second-${service}`);
    expect(await second.failure()).toMatchObject({
      type: 'AlreadyRunning',
      message: expect.stringContaining(workflowIdOf(service)) as string,
    });
    await run.reject('downgrade');
    await run.result();
  });

  test('plan tells and touches nothing', async () => {
    const service = harness.addService();
    const assessment = await harness.environment.client.workflow.execute('plan', {
      taskQueue: harness.name,
      workflowId: `backstep-plan-${service}`,
      args: [{ service }],
    });
    expect(assessment).toMatchObject({ kind: 'planned', plan: { from: '0005', target: '0004' } });
    expect(harness.calls(service, 'assess')[0]).toMatchObject({ onlyPlan: true });
    expect(harness.calls(service, 'stop-writes')).toEqual([]);
  });
});
