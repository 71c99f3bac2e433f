import { afterEach, describe, expect, test } from 'vitest';
import type { RehearsalResult } from '../../src/domain/live-rehearsal.ts';
import { clientOf, start } from './fixtures/workflow-run.ts';
import { databases, openRecord, serviceState } from './fixtures/service-state.ts';
import { installed, small, type Installation } from './fixtures/installation.ts';
import { downgradeDeletesPapers } from './fixtures/variants/index.ts';

const id = 'backstep-deeptech-radar-rehearse';

describe('a rehearsal by itself', () => {
  let here: Installation;
  afterEach(() => here?.close());

  test('by command and by Schedule: measures the loss beside the running application, and yields to a rollback', async () => {
    here = await installed({
      name: 'rehearse',
      install: { images: { new: downgradeDeletesPapers } },
      edit: (definition) => {
        small(definition);
        definition.approvals = { start: { people: 1 } };
      },
    });
    await here.sql(`COMMENT ON TABLE papers IS 'everywhere'`);
    const [lost] = await here.sql<{ n: number }>(`SELECT count(*)::int AS n FROM papers WHERE score = 'NaN'`);
    const before = await serviceState(here);

    const { stdout, exitCode } = await here.backstep('rehearse', 'deeptech-radar', '-1', '--json');
    const found = JSON.parse(stdout) as RehearsalResult;
    if (found.outcome !== 'works') throw new Error(stdout);
    expect(exitCode).toBe(0);
    expect(found.rehearsal.losses.map(({ kind, object }) => `${kind} ${object}`)).toEqual(
      expect.arrayContaining(['table scores', 'column papers.score', 'rows papers']),
    );
    expect(found.rehearsal.losses.find(({ kind }) => kind === 'rows')?.rows).toBe(lost?.n);
    expect(found.rehearsal.warnings).toEqual([]);
    expect(await serviceState(here)).toMatchObject({ ...before, counts: expect.anything() as object });
    expect(await openRecord(here)).toBeUndefined();
    expect(await here.kubectl('get', 'jobs', '-l', 'backstep.dev/operation', '-o', 'name')).toBe('');
    expect(await here.kubectl('get', 'secrets', '-l', 'backstep.dev/operation', '-o', 'name')).toBe('');

    // As docs/rehearsal.md has it.
    const schedule = `schedule create --schedule-id rehearse-deeptech-radar --type rehearse --task-queue backstep --workflow-id ${id}`;
    const input = JSON.stringify({ service: 'deeptech-radar' });
    await here.temporal(...schedule.split(' '), '--cron', '0 3 * * *', '--input', input);
    // A rollback that waits at its first gate has touched nothing yet.
    const rollback = await start(here);
    await rollback.gate('start');
    await here.temporal('schedule', 'trigger', '--schedule-id', 'rehearse-deeptech-radar');
    const client = await clientOf(here);
    const rehearsal = client.workflow.getHandle(id);
    const began = Date.now();
    for (;;) {
      const at = (await databases(here)).some((name) => name.includes('__scratch_'));
      if (at) break;
      if (Date.now() - began > 120_000) throw new Error('the Schedule started nothing');
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    await rollback.approve('start');
    expect(await rehearsal.result()).toMatchObject({ outcome: 'yielded' });
    await rollback.gate('downgrade');
    const shown = (await rollback.progress()).gate?.shows ?? [];
    expect(shown.join('\n')).toMatch(
      new RegExp(`Would lose: ${lost?.n.toLocaleString('en')} rows? of table papers`),
    );
    await rollback.reject('downgrade');
    expect((await rollback.result()).outcome).toBe('put-back');
    expect(await databases(here)).not.toContainEqual(expect.stringMatching(/__(rehearsal|scratch)_/));
  });
});
