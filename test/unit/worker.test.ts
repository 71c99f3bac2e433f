import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { pino } from 'pino';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { dependenciesOf } from '../../src/worker/dependencies.ts';
import { readSettings } from '../../src/worker/settings.ts';
import { StartError } from '../../src/process/start.ts';

const home = mkdtempSync(join(tmpdir(), 'backstep-worker-'));
const kubeconfig = join(home, 'kubeconfig');
writeFileSync(
  kubeconfig,
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
    users: [{ name: 'u', user: { token: 't' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  }),
);
afterAll(() => rmSync(home, { recursive: true }));

const log = pino({ level: 'silent' });

/** The sentence with which a worker with this environment refuses to start. */
async function refusal(env: Record<string, string>): Promise<string> {
  for (const [name, value] of Object.entries({ HOME: home, KUBECONFIG: kubeconfig, ...env }))
    vi.stubEnv(name, value);
  try {
    await dependenciesOf(readSettings(process.env), log);
  } catch (error) {
    expect(error).toBeInstanceOf(StartError);
    return (error as Error).message;
  } finally {
    vi.unstubAllEnvs();
  }
  throw new Error('it would start');
}

describe('a worker that cannot start', () => {
  it('says why in one sentence, and ends', async () => {
    const started = await execa(process.execPath, ['--import', 'tsx', 'src/worker.ts'], {
      env: { HOME: home, PATH: process.env['PATH'] ?? '', BACKSTEP_REPORTS: join(home, 'reports') },
      extendEnv: false,
      reject: false,
      timeout: 50_000,
      stdin: 'ignore',
    });
    expect(started).toMatchObject({ exitCode: 1, timedOut: false });
    expect(started.stderr).toMatch(/^backstep worker: No Kubernetes cluster: .*Set KUBECONFIG.*\.$/);
  }, 60_000);

  it.each([
    [
      'a kubeconfig that does not exist',
      { KUBECONFIG: '/nowhere/config' },
      /No Kubernetes cluster: .*\/nowhere\/config/,
    ],
    ['no services', { BACKSTEP_SERVICES: '/nowhere' }, /\/nowhere cannot be read: ENOENT/],
    [
      'reports that cannot be written',
      { BACKSTEP_REPORTS: join(kubeconfig, 'reports') },
      /kubeconfig\/reports cannot be written: ENOTDIR/,
    ],
    [
      'keys of a gateway that are not there',
      { BACKSTEP_GATEWAY_KEYS: '/nowhere/gateway.keys.json' },
      /keys of the gateway cannot be read: ENOENT .*setup --gateway-keys/,
    ],
    [
      'a wrong environment, every fault named',
      { BACKSTEP_LOG_LEVEL: 'loud', BACKSTEP_NAMESPACE: 'Not_A_Name' },
      /BACKSTEP_NAMESPACE: .*BACKSTEP_LOG_LEVEL: /,
    ],
  ])('names %s', async (_case, env, says) => {
    expect(await refusal({ BACKSTEP_REPORTS: join(home, 'reports'), ...env })).toMatch(says);
  });

  it('starts with a definition that has faults, since other services have none', async () => {
    const services = mkdtempSync(join(home, 'services-'));
    writeFileSync(join(services, 'broken.yaml'), 'service: broken\n');
    vi.stubEnv('KUBECONFIG', kubeconfig);
    const warnings: string[] = [];
    const warning = Object.assign(pino({ level: 'silent' }), {
      warn: (message: string) => warnings.push(message),
    });
    const settings = readSettings({ BACKSTEP_SERVICES: services, BACKSTEP_REPORTS: join(home, 'reports') });
    const { definitions } = await dependenciesOf(settings, warning);
    vi.unstubAllEnvs();
    expect(await definitions.list()).toEqual(['broken']);
    expect(warnings).toContainEqual(expect.stringMatching(/broken\.yaml:1:1: .*is missing/));
  });
});

describe('the environment of a worker', () => {
  it('has defaults; an empty variable counts as not set', () => {
    expect(readSettings({ BACKSTEP_SERVICES: '', BACKSTEP_JOB_IMAGE: '' })).toEqual({
      services: join(process.cwd(), 'services'),
      reports: join(process.cwd(), 'reports'),
      recordsNamespace: 'backstep',
      logLevel: 'info',
    });
  });
});
