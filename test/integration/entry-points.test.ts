import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { migrateBadly } from '../../examples/deeptech-radar/install.ts';
import { openUi, type TemporalUi } from './fixtures/browser.ts';
import { cancelOpen, clientOf, runOf, start } from './fixtures/workflow-run.ts';
import { revision } from './fixtures/service-state.ts';
import { marked, mentioned, temporalPage, words } from './fixtures/readme.ts';
import { installed, small, type Installation } from './fixtures/installation.ts';

const id = 'backstep-deeptech-radar';
const root = new URL('../..', import.meta.url).pathname;

const asSets = (commands: string[][]) => commands.map((command) => command.toSorted());

describe('every way to a rollback, as README and docs/temporal.md tell', () => {
  let here: Installation;
  let path: string;

  beforeAll(async () => {
    here = await installed({
      name: 'entry-points',
      edit: (definition) => {
        small(definition);
        // Each entry point rolls the same database back once more.
        definition.coolDown = '1ms';
      },
    });
    const prefix = join(here.site.directory, 'npm');
    await execa('npm', ['link', '--no-audit', '--no-fund'], {
      cwd: root,
      env: { npm_config_prefix: prefix },
    });
    path = [join(prefix, 'bin'), join(here.lab.temporal.cli, '..'), process.env['PATH']].join(':');
  });
  afterEach(() => cancelOpen(here));
  afterAll(() => here?.close());

  /** Runs a block of a page; rejects where one of its commands fails. */
  const bash = (script: string) =>
    execa('bash', ['-euo', 'pipefail', '-c', script], { env: { ...here.env, PATH: path }, stdin: 'ignore' });

  test('the README’s `backstep` commands: look, start, watch, approve, report', async () => {
    const [begin = '', approve = '', ...more] = marked('cli');
    expect(more).toEqual([]);
    const rollback = runOf(await clientOf(here));
    const watched = bash(begin);
    let shown = '';
    watched.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()));
    const early = watched.then(() => {
      throw new Error('the watching ended before the gate');
    });
    const hash = await Promise.race([rollback.gate('downgrade'), early]);
    await expect.poll(() => shown, { timeout: 20_000 }).toContain(hash);
    const approved = await bash(approve.replaceAll('<hash>', hash));
    expect((await rollback.result()).outcome).toBe('rolled-back');
    expect((await watched).stdout).toContain('rolled-back');
    expect(approved.stdout).toContain('0005');
    expect(await revision(here)).toBe('0004');
  });

  test('docs/temporal.md: the `temporal` commands; meanwhile a start under another ID is told which one is open', async () => {
    await migrateBadly(here.lab, here.radar);
    expect(await revision(here)).toBe('0005');
    const [begin = '', approve = '', ...more] = marked('temporal');
    expect(more).toEqual([]);
    const begun = await bash(begin);
    expect(begun.stdout).toContain('"service"');
    const rollback = runOf(await clientOf(here));
    const hash = await rollback.gate('downgrade');

    const second = await (await start(here, {}, 'by-hand')).failure();
    expect(second.type).toBe('AlreadyRunning');
    expect(second.message).toContain(id);

    const ended = await bash(approve.replaceAll('<hash>', hash));
    expect(ended.stdout).toContain('rolled-back');
    expect(await revision(here)).toBe('0004');
  });

  test('a start under another ID goes on under the service’s own', async () => {
    const elsewhere = await start(here, { target: '0004' }, 'by-hand');
    expect(await elsewhere.result()).toEqual({ continuesAs: id });
    expect((await runOf(await clientOf(here)).result()).outcome).toBe('nothing-to-do');
  });

  describe('the Temporal UI in a browser', () => {
    let ui: TemporalUi;

    beforeAll(async () => {
      ui = await openUi(here.lab, here.temporalNamespace);
    });
    afterAll(() => ui?.close());

    test('starts, shows and approves a rollback with plain JSON', async () => {
      await migrateBadly(here.lab, here.radar);
      const [, workflowId = '', taskQueue = '', type = '', input = ''] =
        /Workflow ID `(.+?)`, Task Queue `(.+?)`, Workflow Type `(.+?)`, Input `(.+?)`/.exec(
          temporalPage(),
        ) ?? [];
      await ui.start({ workflowId, taskQueue, type, input });
      await ui.open(id);

      const details = await ui.details(/Gate downgrade waits for 1 person/);
      expect(details).toContain('Reverts 0005');
      expect(details).toMatch(/Back the database up.*✔ done/);
      const message = /\{"gate":.+?\}/.exec(details)?.[0] ?? '';

      const queries = (await ui.queries()).join('\n');
      expect(queries).toContain('plan\nThe plan with its hash');
      expect(queries).toContain('progress\nSteps with their times');
      expect(queries).toContain('report\nThe report');
      expect(await ui.query('progress')).toContain('"phase": "gate-downgrade"');
      expect(await ui.searchAttributes()).toMatchObject({
        BackstepService: 'deeptech-radar',
        BackstepPhase: 'gate-downgrade',
        BackstepTarget: '0004',
      });

      const signals = (await ui.signals()).join('\n');
      expect(signals).toContain('approve\nLet the rollback pass a gate');
      expect(signals).toContain('reject\nRefuse a gate');
      expect(signals).toContain('decide\nAnswer a hold');
      await ui.signal('approve', message.replace('your name', 'ada'));

      await ui.completed();
      const timeline = await ui.page.getByRole('main').innerText();
      for (const summary of ['Stop write operations', 'Execute the downgrade', 'Verify the rollback'])
        expect(timeline).toContain(summary);
      expect(await ui.details(/rolled-back/)).toMatch(/Execute the downgrade.*✔ done/);
      expect(await revision(here)).toBe('0004');
    });
  });

  test('docs/temporal.md: the `tctl` forms, which cannot be run here, say what the `temporal` forms say', async () => {
    const flags: Record<string, string> = {
      '--tq': '--task-queue',
      '--wt': '--type',
      '--qt': '--type',
      '-w': '--workflow-id',
      '-n': '--name',
      '-i': '--input',
    };
    const scripts = marked('tctl');
    const tctl = await words('tctl', scripts.join('\n'));
    const temporal = await words('temporal', marked('temporal').join('\n'));
    expect(tctl).toHaveLength(3);
    expect(asSets(tctl.map((command) => command.map((word) => flags[word] ?? word)))).toEqual(
      asSets(temporal.slice(0, 3)),
    );
  });

  test('every `backstep` command that README and docs/temporal.md mention exists, with its options', async () => {
    for (const mention of new Set(mentioned())) {
      const [command = '', ...rest] = mention.split(' ');
      const help = await here.backstep(command, '--help');
      expect(help, mention).toMatchObject({ exitCode: 0 });
      for (const option of rest.filter((word) => word.startsWith('--')))
        expect(help.stdout, mention).toContain(option);
    }
  });
});
