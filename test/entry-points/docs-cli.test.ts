import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { programOf } from '../../src/cli/program.ts';
import { exit } from '../../src/cli/exit.ts';
import type { CliContext } from '../../src/cli/context.ts';
import { markedIn, textOf, words } from '../docs.ts';
import { failingAt, workflowHarness } from '../workflow/harness.ts';
import { cliHarness } from './cli-harness.ts';

const page = 'docs/cli.md';
const harness = workflowHarness();
const { cli, runOf, handleOf } = cliHarness(harness);

/** The commands of a block one by one, as bash takes them apart, for a service of this test. */
async function commandsOf(mark: string, service: string, hash: () => Promise<string>) {
  const [activities = '', ...more] = markedIn(page, mark);
  expect(more).toEqual([]);
  const lines = activities.trim().split('\n');
  return lines.map((line) => async () => {
    const found = line.includes('<hash>') ? line.replaceAll('<hash>', await hash()) : line;
    const [given = []] = await words('backstep', found.replaceAll('deeptech-radar', service));
    return { line, ...(await cli(given)) };
  });
}

const never = () => Promise.reject(new Error('no hash is needed here'));

test('docs/cli.md, a rollback by hand: every command does what the page says', async () => {
  const service = harness.addService();
  const hash = async () => (await runOf(service).gate('downgrade')).hash;
  const said: Record<string, string> = {};
  for (const command of await commandsOf('typed', service, hash)) {
    const { line, status, out, err } = await command();
    expect(status, `${line}: ${err}`).toBe(exit.done);
    said[line.split(' ')[1] ?? ''] = out;
    if (line.includes(' approve ')) await runOf(service).result();
  }
  expect(said['plan']).toMatch(/0005 → 0004/);
  expect(said['rollback']).toMatch(/^Started backstep-/);
  expect(said['approve']).toMatch(/^Approved/);
  expect(said['report']).toMatch(/rolled-back/);
  expect((await cli(`report ${service} --html`)).out).toMatch(/^<!doctype html>[^]*<svg /);
});

test('docs/cli.md, at a hold: acknowledged, and decided', async () => {
  const service = harness.addService({ activities: failingAt('verify', [1], 'VerificationFailed') });
  await cli(`rollback ${service}`);
  await runOf(service).approve('downgrade');
  await runOf(service).hold('verify');
  expect((await cli(`status ${service}`)).status).toBe(exit.notRolledBack);
  for (const command of await commandsOf('typed-hold', service, never))
    expect(await command()).toMatchObject({ status: exit.done });
  expect(await runOf(service).result()).toMatchObject({ outcome: 'rolled-back' });
});

test('docs/cli.md, watching: ends with the rollback, and each line stands there once', async () => {
  const service = harness.addService();
  await cli(`rollback ${service}`);
  const [watch] = await commandsOf('typed-watch', service, never);
  await runOf(service).gate('downgrade');
  expect((await cli(`status ${service}`)).out).toMatch(
    /^Writes are stopped for \d.*; the outage budget of 2 h 00 min is used up in 1 h .* UTC\)\.$/m,
  );
  const watched = watch?.();
  await runOf(service).approve('downgrade');
  const lines = (await watched)?.out.trim().split('\n') ?? [];
  expect(lines.length).toBeGreaterThan(10);
  expect(new Set(lines).size).toBe(lines.length);
});

test('docs/cli.md, watching: the second time it is known how long things take', async () => {
  const service = harness.addService({ definition: { coolDown: '1ms' } });
  await cli(`rollback ${service}`);
  await runOf(service).approve('downgrade');
  await runOf(service).result();
  await expect
    .poll(async () => JSON.parse((await cli(`status ${service} --json`)).out), { timeout: 15_000 })
    .toMatchObject({ expected: { downgrade: expect.any(Number) as number } });
  expect((await cli(`rollback ${service} --target 0004`)).out).toMatch(/^Started/);
  await runOf(service).gate('downgrade');
  const { out } = await cli(`status ${service}`);
  expect(out).toMatch(/○ Execute the downgrade +usually [\d.]+ s/);
  expect(out).toMatch(/^About [\d.]+ s of work left, as it usually goes/m);
  await handleOf(service).terminate();
});

test('docs/cli.md lists every command with what it does', () => {
  const context = { person: '', services: '' } as unknown as CliContext;
  const commands = programOf(context, () => async () => undefined).commands.map(
    (command) => `| \`${command.name()}\` | ${command.description()} |`,
  );
  const [, table = ''] = /## Every command\n\n.*\n.*\n([^]*?)\n\n/.exec(textOf(page)) ?? [];
  expect(table.split('\n')).toEqual(commands);
});

test('docs/cli.md has every exit status, and each is met', async () => {
  const [, table = ''] = /## Exit statuses\n\n.*\n.*\n([^]*?)\n\n/.exec(textOf(page)) ?? [];
  const listed = [...table.matchAll(/^\| (\d+) \|/gm)].map(([, status]) => Number(status));
  expect(listed).toEqual(Object.values(exit));
  const service = harness.addService({ activities: failingAt('back-up', [1], 'BackupFailed') });
  expect((await cli(`rollback ${service}`)).status).toBe(0);
  await runOf(service).hold('back-up');
  expect((await cli(`status ${service} --address 127.0.0.1:1`)).status).toBe(1);
  expect((await cli(`decide ${service} dance`)).status).toBe(2);
  expect((await cli(`approve ${service}`)).status).toBe(3);
  expect((await cli(`status ${service}`)).status).toBe(4);
  await handleOf(service).terminate();
});

test('docs/cli.md, for programs: every command answers with one JSON object, --watch with one a line', async () => {
  const service = harness.addService();
  const directory = mkdtempSync(join(tmpdir(), 'backstep-keys-'));
  const asJson = async (line: string) => {
    const { status, out, err } = await cli(`${line} --json`);
    expect(status, `${line}: ${err}`).toBe(exit.done);
    return JSON.parse(out) as Record<string, unknown>;
  };
  expect(await asJson(`plan ${service}`)).toMatchObject({ kind: 'planned' });
  expect(await asJson(`rollback ${service}`)).toMatchObject({ workflowId: `backstep-${service}` });
  const { hash } = await runOf(service).gate('downgrade');
  expect(await asJson(`acknowledge ${service}`)).toMatchObject({ message: expect.any(String) as string });
  const status = await asJson(`status ${service}`);
  expect(status).toMatchObject({ progress: { phase: 'gate-downgrade', outage: { budget: 7_200_000 } } });
  expect(await asJson(`approve ${service} --plan ${hash}`)).toMatchObject({
    message: expect.stringMatching(/^Approved/) as string,
  });
  await runOf(service).result();
  const { out } = await cli(`status ${service} --watch --json`);
  for (const line of out.trim().split('\n'))
    expect(JSON.parse(line)).toMatchObject({ service, expected: {} });
  expect(await asJson(`report ${service}`)).toMatchObject({ outcome: 'rolled-back' });
  expect(await asJson('validate')).toHaveLength(2);
  expect(await asJson('completion bash')).toMatchObject({ shell: 'bash' });
  expect(await asJson(`setup --gateway-keys ${directory}/keys`)).toBeTypeOf('object');
  rmSync(directory, { recursive: true });
});

test('docs/cli.md, for programs: everything that fails is JSON too', async () => {
  const service = harness.addService();
  for (const [line, kind] of [
    [`status ${service} --json`, 'none'],
    [`approve ${service} --gate begin --json`, 'invalid'],
    ['rollback --json', 'invalid'],
    [`emergency-restore ${service} --from backup --file dump.sql --json`, 'invalid'],
    [`report ${service} --json --address 127.0.0.1:1`, 'unreachable'],
    [`approve ${service} --json --gateway http://backstep.example.com`, 'invalid'],
  ] as const) {
    const { out } = await cli(line);
    expect(JSON.parse(out), line).toEqual({
      error: { kind, message: expect.any(String) as string, next: expect.any(String) as string },
    });
  }
});
