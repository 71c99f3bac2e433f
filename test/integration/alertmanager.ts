import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';
import getPort from 'get-port';
import { parse, stringify } from 'yaml';
import { command } from '../../lab/command.ts';
import { withLock } from '../../lab/lock.ts';
import { inCache } from '../../lab/paths.ts';

export const shipped = 'deploy/triggers/alertmanager.yml';

/** A real Alertmanager, Debian's, with the shipped configuration pointed at a gateway. */
export interface Alertmanager {
  /** Posts alerts as Prometheus does. */
  fire(alerts: { labels: Record<string, string>; endsAt?: string }[]): Promise<void>;
  stop(): Promise<void>;
}

interface Configuration {
  route: Record<string, unknown>;
  receivers: {
    name: string;
    webhook_configs?: { url: string; http_config: { authorization: { credentials_file: string } } }[];
  }[];
}

/** @param secret goes into the file that the configuration names; the waits are shorter than an operator's */
export async function alertmanager(gateway: string, secret: string): Promise<Alertmanager> {
  const { program, amtool } = await programs();
  const directory = await mkdtemp(join(tmpdir(), 'backstep-alertmanager-'));
  const at = (name: string) => join(directory, name);
  const configuration = parse(await readFile(shipped, 'utf8')) as Configuration;
  Object.assign(configuration.route, { group_wait: '1s', group_interval: '1s', repeat_interval: '2s' });
  for (const webhook of configuration.receivers.flatMap((one) => one.webhook_configs ?? [])) {
    webhook.url = webhook.url.replace('https://backstep.example.com', gateway);
    webhook.http_config.authorization.credentials_file = at('backstep-secret');
  }
  await writeFile(at('alertmanager.yml'), stringify(configuration));
  await writeFile(at('backstep-secret'), `${secret}\n`, { mode: 0o600 });
  await command(amtool, ['check-config', shipped]);
  await command(amtool, ['check-config', at('alertmanager.yml')]);

  const port = await getPort({ host: '127.0.0.1' });
  const url = `http://127.0.0.1:${port}`;
  const running = execa(
    program,
    [
      `--config.file=${at('alertmanager.yml')}`,
      `--storage.path=${at('data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ],
    { reject: false, all: true, cleanup: true },
  );
  for (let waited = 0; !(await answers(`${url}/-/ready`)); waited += 100) {
    if (running.exitCode !== null || waited > 20_000)
      throw new Error(`Alertmanager did not start: ${(await running).all}`);
    await pause(100);
  }
  return {
    fire: async (alerts) => {
      const response = await fetch(`${url}/api/v2/alerts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(alerts.map((alert) => ({ annotations: { summary: 'many errors' }, ...alert }))),
      });
      if (!response.ok) throw new Error(`Alertmanager: ${response.status} ${await response.text()}`);
    },
    stop: async () => {
      running.kill('SIGTERM');
      await running;
      await rm(directory, { recursive: true });
    },
  };
}

const answers = (url: string) =>
  fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );

/** Out of Debian's package, which is not installed: its service would start by itself. */
async function programs(): Promise<{ program: string; amtool: string }> {
  const directory = inCache('alertmanager');
  const templates = 'usr/share/prometheus/alertmanager';
  const found = {
    program: join(directory, 'usr/bin/prometheus-alertmanager'),
    amtool: join(directory, 'usr/bin/amtool'),
  };
  await withLock(
    inCache('alertmanager.lock'),
    () => undefined,
    async () => {
      if (!existsSync(found.program)) await fetchInto(directory);
      // The program looks for its templates there and nowhere else.
      if (existsSync(`/${templates}`)) return;
      await mkdir(dirname(`/${templates}`), { recursive: true });
      await symlink(join(directory, templates), `/${templates}`);
    },
  );
  return found;
}

async function fetchInto(directory: string): Promise<void> {
  const beside = `${directory}.${process.pid}`;
  await mkdir(beside, { recursive: true });
  const download = () => execa('apt-get', ['download', 'prometheus-alertmanager'], { cwd: beside });
  await download().catch(async () => {
    await command('apt-get', ['update']);
    await download();
  });
  const [archive = ''] = (await readdir(beside)).filter((name) => name.endsWith('.deb'));
  await command('dpkg', ['-x', join(beside, archive), beside]);
  await rename(beside, directory);
}
