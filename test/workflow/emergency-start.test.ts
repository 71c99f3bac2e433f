import { describe, expect, test } from 'vitest';
import { handOver } from '../../src/activities/hand-over/activity.ts';
import { workflowIdOf } from '../../src/domain/names.ts';
import { findings } from '../example-plan.ts';
import { failing, workflowHarness, type ServiceSetup } from './harness.ts';

const harness = workflowHarness();

/** Nothing differs between what is there and what was restored. */
const nothingLost = { ...findings['data-diff'], tables: [], lostRows: 0, loses: false };

/** The activity as it is; it needs nothing but Temporal. */
const withRealHandOver = (setup: ServiceSetup = {}): ServiceSetup => ({
  ...setup,
  activities: {
    ...setup.activities,
    'hand-over': (input) => handOver({ progress: () => {} }, input),
  },
});

describe.concurrent('what an emergency restore is started with', () => {
  test.each([
    ['an unknown field', { service: 'radar', target: '-1' }, 'target'],
    ['a path out of the store', { service: 'radar', from: { file: '../secret' } }, 'within the backup store'],
    ['an absolute path', { service: 'radar', from: { file: '/etc/passwd' } }, 'within the backup store'],
    ['no service', {}, 'service'],
  ])('%s is refused, nothing touched', async (name, request, says) => {
    const id = `backstep-emergency-invalid-${name.replaceAll(' ', '-')}`;
    const run = await harness.startRequest(request, id, {}, 'emergencyRestore');
    const { type, message } = await run.failure();
    expect(type).toBe('InvalidRequest');
    expect(message).toContain(says);
  });

  test('law 6: under another workflow ID it starts the right one and says so', async () => {
    const service = harness.addService({ activities: { 'data-diff': () => nothingLost } });
    const elsewhere = await harness.startRequest({ service }, `at-night-${service}`, {}, 'emergencyRestore');
    expect(await elsewhere.result()).toEqual({ continuesAs: workflowIdOf(service) });
    const handle = harness.environment.client.workflow.getHandle(workflowIdOf(service));
    const run = harness.follow(handle, service);
    await run.approve('restore');
    expect(await run.result()).toMatchObject({ outcome: 'restored' });
  });

  test('a rollback at a hold that offers restore takes it over, by its own decide', async () => {
    const rollback = await harness.start(
      withRealHandOver({ activities: { verify: failing('VerificationFailed') } }),
    );
    await rollback.approve('downgrade');
    const { hold } = await rollback.hold('verify');
    const { service } = await rollback.progress();
    const request = { service, requestedBy: 'ada', reason: 'papers are gone', from: 'snapshot' };
    const emergency = await harness.startRequest(request, `at-night-${service}`, {}, 'emergencyRestore');
    expect(await emergency.result()).toEqual({
      continuesAs: workflowIdOf(service),
      said: `Decided: restore at hold '${hold}'.`,
    });
    await rollback.approve('restore');
    const result = await rollback.result();
    expect(result).toMatchObject({ outcome: 'restored' });
    expect(result.reason).toContain("ada decided 'restore' (papers are gone)");
    expect(rollback.calls('restore')).toHaveLength(1);
    expect(emergency.calls('stop-writes')).toHaveLength(1);
  });

  test.each([
    ['at a gate', {}, {}, 'backstep reject'],
    ['at a hold without restore', { 'back-up': failing('BackupFailed') }, {}, 'abort --hold back-up-1'],
    [
      'asked for another source than its own',
      { verify: failing('VerificationFailed') },
      { from: { file: 'dumps/a.sql.gz' } },
      'from its own snapshot. ',
    ],
    [
      'asked for its backup, while its snapshot stands',
      { verify: failing('VerificationFailed') },
      { from: 'backup' },
      'start this again with `--from snapshot`',
    ],
    [
      'asked for a snapshot, where it has none',
      {
        verify: failing('VerificationFailed'),
        snapshot: () => ({ made: false as const, why: 'no room' }),
      },
      { from: 'snapshot' },
      'from its own backup. To restore from that, start this again with `--from backup`',
    ],
  ])(
    'law 6: a rollback that is open, %s: AlreadyRunning names the next move',
    async (_name, activities, from, says) => {
      const rollback = await harness.start(withRealHandOver({ activities }));
      const { service } = await rollback.until('to wait', (now) => (now.gate ?? now.hold) && now);
      if ('verify' in activities) {
        await rollback.approve('downgrade');
        await rollback.hold('verify');
      }
      const second = await harness.startRequest(
        { service, ...from },
        `at-night-${service}`,
        {},
        'emergencyRestore',
      );
      const { type, message } = await second.failure();
      expect(type).toBe('AlreadyRunning');
      expect(message).toContain(says);
      await rollback.handle.terminate();
    },
  );
});
