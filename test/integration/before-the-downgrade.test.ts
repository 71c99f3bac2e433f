import { chownSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { backupDirectory, jobUser } from '../../lab/site.ts';
import { cancelOpen, start, type WorkflowRun } from './fixtures/workflow-run.ts';
import { openRecord, workloads, serviceState, type ServiceState } from './fixtures/service-state.ts';
import { plain, installed, type Installation } from './fixtures/installation.ts';

/** Everything that ends before the downgrade leaves everything as it was: one installation serves all. */
describe('before the downgrade', () => {
  let here: Installation;
  let before: ServiceState;

  beforeAll(async () => {
    here = await installed({ name: 'before', edit: plain });
    before = await serviceState(here);
  });
  afterAll(() => here?.close());
  afterEach(async () => {
    volumeOf('the Job');
    here.define(() => {});
    await cancelOpen(here);
  });

  /** Whom the backup volume lets write. */
  const volumeOf = (whom: 'the Job' | 'nobody') => {
    const user = whom === 'the Job' ? jobUser : 0;
    const volume = backupDirectory(here.temporalNamespace);
    // The service's own folder too, once a backup has made it.
    for (const each of ['.', ...readdirSync(volume)]) chownSync(join(volume, each), user, user);
  };
  const rehearsed = () =>
    here.define((definition) => {
      definition.rehearsal = { use: 'auto' };
      definition.salvage = { use: 'auto' };
    });
  const untouched = async () => {
    expect(await serviceState(here)).toEqual(before);
    expect(await openRecord(here)).toBeUndefined();
  };
  const askAtStart = () =>
    here.define((definition) => {
      definition.approvals = { ...definition.approvals, start: { people: 1 } };
    });

  test('a reject at gate start ends with nothing touched', async () => {
    askAtStart();
    const rollback = await start(here);
    await rollback.gate('start');
    await untouched();
    await rollback.reject('start');
    expect((await rollback.result()).outcome).toBe('rejected');
    await untouched();
  });

  test('a gate start that nobody passes in time expires, nothing touched', async () => {
    here.define((definition) => {
      definition.approvals = { ...definition.approvals, start: { people: 1, within: '2s' } };
    });
    expect((await (await start(here)).result()).outcome).toBe('rejected');
    await untouched();
  });

  test('law 4: a reject at gate downgrade puts everything back', async () => {
    rehearsed();
    const rollback = await start(here);
    await rollback.gate('downgrade');
    expect((await workloads(here)).replicas).toBe(0);
    await rollback.reject('downgrade');
    expect((await rollback.result()).outcome).toBe('put-back');
    await untouched();
  });

  test('law 6: the same start twice is one rollback, whoever starts it and however', async () => {
    const rollback = await start(here);
    await rollback.gate('downgrade');
    await expect(start(here)).rejects.toThrow(/already started/);
    const twice = await here.backstep('rollback', 'deeptech-radar', '--json');
    expect(JSON.parse(twice.stdout)).toMatchObject({ already: { state: 'running' } });
    const elsewhere = await (await start(here, {}, 'another-id')).failure();
    expect(elsewhere).toMatchObject({
      type: 'AlreadyRunning',
      message: expect.stringContaining('backstep-deeptech-radar') as string,
    });
    const second = await here.secondInstallation();
    try {
      const other = await (await start({ ...here, temporalNamespace: second.temporalNamespace })).failure();
      expect(other).toMatchObject({
        type: 'Refused',
        message: expect.stringMatching(`AlreadyRunning.*namespace ${here.temporalNamespace}`) as string,
      });
    } finally {
      await second.stop();
    }
    await rollback.reject('downgrade');
    expect((await rollback.result()).outcome).toBe('put-back');
    await untouched();
  });

  test('law 5: a decision before its gate, or for another plan, counts for nothing and is told why', async () => {
    askAtStart();
    const rollback = await start(here);
    const hash = await rollback.gate('start');
    await rollback.handle.signal('approve', { gate: 'downgrade', plan: hash, by: 'eve' });
    await rollback.handle.signal('approve', { gate: 'start', plan: '000000000000', by: 'eve' });
    await rollback.handle.signal('approve', 'nonsense');
    await expect(
      rollback.handle.executeUpdate('approve', { args: [{ gate: 'downgrade', plan: hash, by: 'eve' }] }),
    ).rejects.toThrow();
    expect((await rollback.progress()).gate?.gate).toBe('start');
    await untouched();
    const history = await here.temporal(
      'workflow',
      'query',
      '-w',
      'backstep-deeptech-radar',
      '--type',
      'report',
    );
    expect(history).toContain('eve');
    await rollback.reject('start');
    expect((await rollback.result()).outcome).toBe('rejected');
  });

  test('law 1: a backup that fails holds; no downgrade without one; abort puts everything back', async () => {
    volumeOf('nobody');
    const rollback = await start(here);
    const hold = await rollback.hold('back-up');
    expect(hold.fault).toMatchObject({
      type: 'BackupFailed',
      message: expect.stringMatching(/EACCES|permission denied/i) as string,
    });
    expect((await workloads(here)).replicas).toBe(0);
    const jobs = await here.kubectl('get', 'jobs', '-o', 'name');
    expect(jobs).toContain('-back-up-1');
    expect(jobs).not.toContain('-downgrade-');
    await rollback.decide('back-up', 'abort');
    expect((await rollback.result()).outcome).toBe('put-back');
    await untouched();
  });

  test('law 1: a backup that nobody mends within the write-outage budget puts everything back', async () => {
    volumeOf('nobody');
    here.define((definition) => {
      definition.writeOutageBudget = '5s';
    });
    const rollback = await start(here);
    expect((await rollback.result()).outcome).toBe('put-back');
    await untouched();
  });

  describe.each([
    [
      'at gate start',
      async (rollback: WorkflowRun) => rollback.gate('start'),
      'rejected',
      () => askAtStart(),
    ],
    [
      'while writes are being stopped',
      async (rollback: WorkflowRun) => rollback.step('stop-writes', 'running'),
      'put-back',
    ],
    [
      'in the middle of the backup',
      async (rollback: WorkflowRun) => rollback.step('back-up', 'running'),
      'put-back',
    ],
    [
      'in the middle of the rehearsal',
      async (rollback: WorkflowRun) => rollback.step('rehearse', 'running'),
      'put-back',
      () => rehearsed(),
    ],
    ['at gate downgrade', async (rollback: WorkflowRun) => rollback.gate('downgrade'), 'put-back'],
  ] as const)('cancelled %s', (_when, reached, outcome, defined = () => {}) => {
    test(`ends ${outcome}, everything as it was`, async () => {
      defined();
      const rollback = await start(here);
      await reached(rollback);
      await rollback.handle.cancel();
      expect((await rollback.result()).outcome).toBe(outcome);
      await untouched();
    });
  });

  test('law 3: a writer that reconnects in a loop gets no write through while writes are stopped', async () => {
    const writer = reconnectingWriter(here.radar.databaseUrl);
    try {
      await pause(500);
      const rollback = await start(here);
      await rollback.gate('downgrade');
      const atGate = writer.written;
      expect(atGate).toBeGreaterThan(0);
      await pause(3_000);
      expect(writer.written).toBe(atGate);
      expect(writer.refused).toBeGreaterThan(10);
      await rollback.reject('downgrade');
      expect((await rollback.result()).outcome).toBe('put-back');
    } finally {
      await writer.stop();
    }
    await here.sql('DELETE FROM repositories WHERE full_name LIKE $$loop/%$$');
    await untouched();
  });
});

/** Connects, writes one row, and connects again at once when it is thrown out, as a forgotten cron would. */
function reconnectingWriter(url: string) {
  const state = { written: 0, refused: 0, ended: false };
  const loop = async () => {
    while (!state.ended) {
      const client = new Client({ connectionString: url, application_name: 'forgotten-cron' });
      client.on('error', () => {});
      try {
        await client.connect();
        while (!state.ended) {
          await client.query('INSERT INTO repositories (full_name, stars, pushed_at) VALUES ($1, 0, now())', [
            `loop/${state.written}-${Date.now()}`,
          ]);
          state.written += 1;
          await pause(20);
        }
      } catch {
        state.refused += 1;
        await pause(10);
      } finally {
        await client.end().catch(() => {});
      }
    }
  };
  const running = loop();
  return {
    get written() {
      return state.written;
    },
    get refused() {
      return state.refused;
    },
    stop: async () => {
      state.ended = true;
      await running;
    },
  };
}
