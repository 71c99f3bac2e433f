import { execa } from 'execa';
import { expect, inject, test } from 'vitest';
import { temporalProgram } from '../../lab/temporal.ts';
import { handOver } from '../../src/activities/hand-over/activity.ts';
import { exit } from '../../src/cli/exit.ts';
import { markedIn, words } from '../docs.ts';
import type { WorkflowRun } from '../workflow/workflow-run.ts';
import { failingAt, workflowHarness } from '../workflow/harness.ts';
import { cliHarness } from './cli-harness.ts';

const harness = workflowHarness();
const { cli, handleOf, runOf } = cliHarness(harness);
const addService = () =>
  harness.addService({
    activities: { 'hand-over': (input) => handOver({ progress: () => {} }, input) },
  });

/** The commands of a page's block, as bash takes them apart; what is left open is a moment. */
async function commandsIn(page: string, mark: string, program: 'backstep' | 'temporal') {
  const [block = '', ...more] = markedIn(page, mark);
  expect(more).toEqual([]);
  const other = program === 'backstep' ? 'temporal' : 'backstep';
  const silenced = `${other}() { :; }\n${block.replaceAll('…', '2025-11-18T02:40:00Z')}`;
  return words(program, silenced);
}

const forService = (given: string[], service: string) =>
  given.map((word) => word.replaceAll('deeptech-radar', service));

async function approvedByTwo(run: WorkflowRun): Promise<void> {
  for (const by of ['ada', 'grace']) await run.approve('restore', by);
  expect(await run.result()).toMatchObject({ outcome: 'restored' });
}

const started = (service: string) =>
  expect
    .poll(
      () =>
        handleOf(service)
          .describe()
          .catch(() => undefined),
      { timeout: 10_000 },
    )
    .toBeDefined();

test.each(['emergency-restore', 'point-in-time-restore'])(
  'docs/%s.md: every command begins what the page says, and comes to its end',
  async (page) => {
    const commands = await commandsIn(`docs/${page}.md`, page, 'backstep');
    expect(commands.length).toBeGreaterThanOrEqual(3);
    for (const given of commands) {
      const service = addService();
      const typed = cli(forService(given, service));
      // With --watch it ends with the operation, otherwise at once.
      await started(service);
      await approvedByTwo(runOf(service));
      expect(await typed, given.join(' ')).toMatchObject({ status: exit.done });
    }
  },
);

test('docs/emergency-restore.md: the same through the temporal command line', async () => {
  const [given = [], ...more] = await commandsIn(
    'docs/emergency-restore.md',
    'emergency-restore',
    'temporal',
  );
  expect(more).toEqual([]);
  const service = addService();
  const queued = given.map((word) => (word === 'backstep' ? harness.name : word));
  await execa(await temporalProgram(), [
    ...forService(queued, service),
    '--address',
    inject('temporalAddress'),
  ]);
  await approvedByTwo(runOf(service));
  expect(harness.calls(service, 'assess')[0]).toMatchObject({
    request: { service, from: { file: 'dumps/backup_20251118.sql.gz' } },
  });
});

test('docs/notifications.md: whoever is on it says so', async () => {
  const service = harness.addService({ activities: failingAt('verify', [1], 'VerificationFailed') });
  await cli(`rollback ${service}`);
  await runOf(service).approve('downgrade');
  await runOf(service).hold('verify');
  const commands = await commandsIn('docs/notifications.md', 'acknowledged', 'backstep');
  for (const given of commands) expect((await cli(forService(given, service))).status).toBe(exit.done);
  expect((await runOf(service).progress()).acknowledgedBy).toEqual(['ada']);
  await runOf(service).decide('verify', 'retry');
  await runOf(service).result();
});
