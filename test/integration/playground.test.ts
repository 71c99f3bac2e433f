import { existsSync, mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { current, type Lab } from '../../lab/lab.ts';
import { readPlayground, type Connection } from '../../lab/playground/record.ts';
import { isAlive } from '../../lab/process.ts';
import { kubectl, temporalCommand } from '../../lab/site.ts';
import { carryRequests, launch, opened } from '../chromium.ts';
import { markedIn } from '../docs.ts';

const root = new URL('../..', import.meta.url).pathname;
const json = join(mkdtempSync(join(tmpdir(), 'backstep-playground-')), 'playground.json');

/** A command as docs and playground print it, from the clone. */
const bash = (command: string) =>
  execa('bash', ['-euo', 'pipefail', '-c', command], { cwd: root, all: true, stdin: 'ignore' });

/** What README and docs/playground.md tell people to type. */
const documented = (beginning: string): string => {
  const lines = markedIn('docs/playground.md', 'playground').join('\n').split('\n');
  const line = lines.find((text) => text.startsWith(beginning)) ?? '';
  expect(line, beginning).not.toBe('');
  return line.replace('playground.json', json);
};

/** The CLI with this environment and no other variable. */
const cli = (env: Record<string, string>, ...args: string[]) =>
  execa(process.execPath, [join(root, 'dist/cli.js'), ...args], { env, extendEnv: false, reject: false });

/** What is there of a playground, of whatever kind. */
async function traces(lab: Lab): Promise<string[]> {
  const client = new Client({ connectionString: lab.postgres.superuserUrl });
  await client.connect();
  const databases = await client.query<{ datname: string }>(
    `SELECT datname FROM pg_database WHERE datname LIKE 'playground%'`,
  );
  await client.end();
  const objects = await kubectl(lab, ['get', 'namespaces,persistentvolumes', '-o', 'name']);
  const records = await kubectl(lab, ['get', 'configmaps', '-n', 'backstep', '-o', 'yaml']);
  const namespaces = await temporalCommand(lab, ['operator', 'namespace', 'list']);
  return [
    ...databases.rows.map(({ datname }) => datname),
    ...objects.split('\n').filter((name) => name.endsWith('playground')),
    ...records.split('\n').filter((line) => line.includes('backstep.dev/database: playground')),
    ...namespaces.split('\n').filter((line) => /Name +playground$/.test(line)),
    ...(readPlayground()?.processes.filter(isAlive).map(String) ?? []),
    ...(existsSync('/var/lib/backstep-lab/playground') ? ['files'] : []),
  ];
}

describe('npm run playground', () => {
  let lab: Lab;
  let printed: string;
  let connection: Connection;

  /** A printed command, after the line that it needs. */
  const typed = (beginning: string, hash = ''): Promise<string> => {
    const line = commands().find((command) => command.startsWith(beginning)) ?? '';
    expect(line, beginning).not.toBe('');
    return bash(`${commands()[0]}; ${line.replace('<hash>', hash)}`).then(({ all }) => all);
  };
  const commands = () =>
    [...printed.matchAll(/^ {2}((?:source|backstep) .*)$/gm)].map(([, line = '']) => line);

  const status = async (env = connection.env) =>
    JSON.parse((await cli(env, 'status', 'deeptech-radar', '--json')).stdout) as {
      state: string;
      progress: { gate?: { gate: string; hash: string; people: number } };
      end?: { result: { outcome: string } };
    };
  const health = () =>
    kubectl(lab, [
      'get',
      'deployment',
      'deeptech-api',
      `--namespace=${connection.kubernetes.namespace}`,
      '--output=jsonpath={.status.readyReplicas}',
    ]);

  beforeAll(async () => {
    const running = await current();
    if (running === undefined) throw new Error('no lab is running');
    lab = running;
    printed = (await bash(documented('npm run playground -- --detach'))).all;
    connection = JSON.parse(readFileSync(json, 'utf8')) as Connection;
  });
  afterAll(async () => {
    await bash('npm run playground -- --down');
  });

  it('writes where everything is, for programs, readable by nobody else', () => {
    expect(statSync(json).mode & 0o777).toBe(0o600);
    expect(connection).toEqual({
      env: expect.objectContaining({ TEMPORAL_NAMESPACE: connection.temporal.namespace }) as unknown,
      temporal: {
        address: lab.temporal.address,
        namespace: expect.any(String) as string,
        ui: lab.temporal.uiUrl,
      },
      gateway: {
        url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
        tokens: { ada: expect.any(String) as string, grace: expect.any(String) as string },
      },
      kubernetes: {
        kubeconfig: lab.kubernetes.kubeconfig,
        kubectl: lab.kubernetes.kubectl,
        namespace: expect.any(String) as string,
      },
      postgres: { superuserUrl: lab.postgres.superuserUrl, database: expect.any(String) as string },
      services: expect.any(String) as string,
    });
    expect(printed).toContain(`${connection.gateway.url}/rollbacks/deeptech-radar`);
    for (const token of Object.values(connection.gateway.tokens)) expect(printed).toContain(token);
  });

  it('has an application that fails and is rolled back by nobody', async () => {
    expect(await health()).toBe('');
    expect((await cli(connection.env, 'status', 'deeptech-radar', '--json')).stdout).toContain(
      '"kind": "none"',
    );
  });

  it('is found when it is started again, and left as it is; another one is refused', async () => {
    const again = await bash('npm run playground');
    expect(again.all).toContain('The playground is up already');
    expect(again.all).toContain(connection.gateway.tokens['ada']);
    const other = await execa('npm', ['run', 'playground', '--', '--service', 'optuna'], {
      cwd: root,
      reject: false,
    });
    expect(other).toMatchObject({ exitCode: 1 });
    expect(other.stderr).toContain('take it down first');
  });

  it('prints the commands that roll it back, one after the other, by two people', async () => {
    expect(commands()).toHaveLength(7);
    expect(await typed('backstep plan')).toContain('0005');
    expect(await typed('backstep --token-file $ADA rollback')).toContain('Started');
    const gate = async () => (await status()).progress?.gate;
    await expect
      .poll(gate, { timeout: 200_000, interval: 1_000 })
      .toMatchObject({ gate: 'downgrade', people: 1 });
    const { hash = '' } = (await gate()) ?? {};
    expect(await typed('backstep --token-file $ADA status')).toContain(hash);

    const browser = await launch();
    try {
      const context = await opened(browser);
      await carryRequests(context, connection.gateway.url, /\/events$/);
      const page = await context.newPage();
      await page.goto(`${connection.gateway.url}/rollbacks/deeptech-radar`);
      await page.getByLabel('Your token').fill(connection.gateway.tokens['grace'] ?? '');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('button', { name: 'Approve' }).waitFor();
    } finally {
      await browser.close();
    }

    await typed('backstep --token-file $GRACE approve', hash);
    expect(await typed('backstep --token-file $GRACE status deeptech-radar --watch')).toContain(
      'rolled-back',
    );
    expect(await typed('backstep report')).toContain('# Rollback of deeptech-radar: rolled-back');
    expect(await status()).toMatchObject({ state: 'COMPLETED', end: { result: { outcome: 'rolled-back' } } });
    expect(await health()).toBe('2');
    const report = JSON.parse(
      (await cli(connection.env, 'report', 'deeptech-radar', '--json')).stdout,
    ) as object;
    expect(report).toMatchObject({
      decisions: [
        expect.objectContaining({ what: 'gate start needed nobody' }),
        expect.objectContaining({ what: 'approved gate downgrade', by: 'grace', proof: 'token' }),
      ],
      writesStopped: { from: expect.any(String) as string, until: expect.any(String) as string },
      steps: expect.any(Array) as unknown,
    });
  });

  it('is taken down with all that it made, and the lab stays', async () => {
    expect(await traces(lab)).not.toEqual([]);
    await bash(documented('npm run playground -- --down'));
    expect(await traces(lab)).toEqual([]);
    expect((await current())?.processes).toEqual(lab.processes);
    expect((await bash(documented('npm run playground -- --down'))).all).toContain('No playground is up');
  });

  it('leaves nothing when Ctrl-C ends it in the middle of its making', async () => {
    const started = execa('npm', ['run', 'playground'], {
      cwd: root,
      all: true,
      reject: false,
      detached: true,
    });
    await expect.poll(() => readPlayground() !== undefined, { timeout: 60_000 }).toBe(true);
    await expect.poll(() => traces(lab), { timeout: 60_000 }).toContain('namespace/playground');
    process.kill(-(started.pid ?? 0), 'SIGINT'); // as a terminal does: to every process of the command
    const ended = await started;
    expect(ended.all).toContain('The playground is down');
    expect(await traces(lab)).toEqual([]);
  });
});
