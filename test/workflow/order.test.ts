import { describe, expect, test } from 'vitest';
import { workflowIdOf } from '../../src/domain/names.ts';
import { fault } from '../../src/domain/failures.ts';
import { failing, theatre } from './theatre.ts';

const stage = theatre();

describe.concurrent('the order of the runbook', () => {
  test('all is well: one approval, then rolled-back', async () => {
    const play = await stage.play();
    await play.approve('downgrade');
    const result = await play.result();
    expect(result).toMatchObject({
      outcome: 'rolled-back',
      from: '0005',
      to: '0004',
      counts: { afterStop: { papers: 100, scores: 7 }, atEnd: { papers: 100 } },
      report: { markdown: expect.stringContaining('report.md') as string },
    });
    expect(result.notVerified).toContain('Who decided: names are self-asserted, nobody proved an identity.');
    const { steps, phase } = await play.progress();
    expect(phase).toBe('ended');
    expect(steps.map(({ step, part, state }) => [step, part, state].join(' ').trim())).toEqual([
      'assess  done',
      'stop-writes  done',
      'keep-writes-stopped  done',
      'restore-point  done',
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
    const play = await stage.play();
    const { hash } = await play.gate('downgrade');
    expect(play.calls('downgrade')).toEqual([]);
    await play.approve('downgrade');
    await play.result();
    const [input] = play.calls('downgrade');
    expect(input).toMatchObject({ approved: hash, waysBack: { backup: { proof: 'read' } }, try: 1 });
    expect(play.calls('report')[0]).toMatchObject({ outcome: 'rolled-back', keepRecord: false });
  });

  test('nothing to do ends well and touches nothing', async () => {
    const play = await stage.play({
      script: {
        assess: () => ({
          kind: 'nothing-to-do',
          reason: 'The database is at 0004 already.',
          revision: '0004',
        }),
      },
    });
    expect(await play.result()).toMatchObject({
      outcome: 'nothing-to-do',
      reason: 'The database is at 0004 already.',
    });
    expect(play.calls('stop-writes')).toEqual([]);
  });

  test('a refusal names every fault with its next move', async () => {
    const faults = [
      fault('SecretMissing', 'Secret radar-admin is missing.'),
      fault('WorkloadMissing', 'No Deployment api.'),
    ];
    const play = await stage.play({ script: { assess: () => ({ kind: 'refused', faults }) } });
    const { type, message } = await play.failure();
    expect(type).toBe('Refused');
    for (const { message: seen, next } of faults) {
      expect(message).toContain(seen);
      expect(message).toContain(next);
    }
    expect(play.calls('stop-writes')).toEqual([]);
  });

  test('a deed that throws in assess refuses, too', async () => {
    const play = await stage.play({
      script: { assess: failing('DatabaseLoginRefused', 'The login was refused.') },
    });
    expect(await play.failure()).toMatchObject({
      type: 'Refused',
      message: expect.stringContaining('The login was refused.') as string,
    });
  });

  test('a report that cannot be written does not block the end', async () => {
    const play = await stage.play({ script: { report: failing('OperationLost') } });
    await play.approve('downgrade');
    const result = await play.result();
    expect(result.outcome).toBe('rolled-back');
    expect(result.report).toBeUndefined();
    expect(result.reason).toContain('The report could not be written.');
  });

  test('search attributes and current details follow the journal', async () => {
    const play = await stage.play();
    const { hash } = await play.gate('downgrade');
    const { searchAttributes } = await play.handle.describe();
    expect(searchAttributes).toMatchObject({ BackstepPhase: ['gate-downgrade'], BackstepTarget: ['0004'] });
    const metadata = await play.handle.query<{ currentDetails: string; definition: object }>(
      '__temporal_workflow_metadata',
    );
    expect(metadata.currentDetails).toContain(hash);
    expect(metadata.currentDetails).toContain('| Back the database up');
    expect(JSON.stringify(metadata.definition)).toContain('Let the rollback pass a gate');
    await play.reject('downgrade');
    await play.result();
    expect((await play.handle.describe()).searchAttributes).toMatchObject({ BackstepOutcome: ['put-back'] });
  });

  test('search attributes that are not registered are not set', async () => {
    const play = await stage.play({ searchAttributes: false });
    await play.approve('downgrade');
    await play.result();
    expect((await play.handle.describe()).searchAttributes).not.toHaveProperty('BackstepPhase');
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
    const play = await stage.start(request, `backstep-invalid-${JSON.stringify(request ?? 'none')}`);
    const { type, message } = await play.failure();
    expect(type).toBe('InvalidRequest');
    expect(message).toContain(says);
    expect(message).toContain('nothing was touched');
  });

  test('bytes that are no JSON end it, too', async () => {
    const { client } = stage.environment;
    const workflowId = 'backstep-no-json';
    await client.workflowService.startWorkflowExecution({
      namespace: 'default',
      workflowId,
      workflowType: { name: 'rollback' },
      taskQueue: { name: stage.name },
      requestId: workflowId,
      input: {
        payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{"service":') }],
      },
    });
    const broken = stage.follow(client.workflow.getHandle(workflowId), 'none');
    expect(await broken.failure()).toMatchObject({ type: 'InvalidRequest' });
  });

  test('a time-out of the run is refused: it would end without compensation', async () => {
    const service = stage.cast();
    const play = await stage.start({ service }, workflowIdOf(service), { workflowRunTimeout: '1h' });
    expect(await play.failure()).toMatchObject({
      type: 'InvalidRequest',
      message: expect.stringContaining('a run time-out is set') as string,
    });
    expect(play.calls('assess')).toEqual([]);
  });

  test('law 6: under another workflow ID it starts the right one and says so', async () => {
    const service = stage.cast();
    const elsewhere = await stage.start({ service }, `my-own-id-${service}`);
    expect(await elsewhere.result()).toEqual({ continuesAs: workflowIdOf(service) });
    const play = stage.follow(stage.environment.client.workflow.getHandle(workflowIdOf(service)), service);
    await play.reject('downgrade');
    expect(await play.result()).toMatchObject({ outcome: 'put-back' });
  });

  test('law 6: while one is open, a second one under any ID ends as AlreadyRunning and names it', async () => {
    const play = await stage.play();
    const { gate, service } = await play.until('a gate', (now) => now.gate && now);
    expect(gate?.gate).toBe('downgrade');
    const second = await stage.start({ service }, `second-${service}`);
    expect(await second.failure()).toMatchObject({
      type: 'AlreadyRunning',
      message: expect.stringContaining(workflowIdOf(service)) as string,
    });
    await play.reject('downgrade');
    await play.result();
  });

  test('plan tells and touches nothing', async () => {
    const service = stage.cast();
    const assessment = await stage.environment.client.workflow.execute('plan', {
      taskQueue: stage.name,
      workflowId: `backstep-plan-${service}`,
      args: [{ service }],
    });
    expect(assessment).toMatchObject({ kind: 'planned', plan: { from: '0005', target: '0004' } });
    expect(stage.calls(service, 'assess')[0]).toMatchObject({ onlyPlan: true });
    expect(stage.calls(service, 'stop-writes')).toEqual([]);
  });
});
