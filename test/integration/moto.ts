import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';
import getPort from 'get-port';
import { inCache } from '../../lab/paths.ts';
import { pipInstall } from '../../lab/wheels.ts';

const version = '5.2.5';

export interface Moto {
  /** http://127.0.0.1:<port> */
  api: string;
  stop(): Promise<void>;
}

/** moto's server, which answers as AWS does; installed once into the lab's cache. */
export async function moto(): Promise<Moto> {
  const installed = inCache('wheels', `moto-server-${version}`);
  if (!existsSync(installed)) {
    const unfinished = `${installed}.${process.pid}`;
    await pipInstall([`moto[server]==${version}`], unfinished, []);
    await rename(unfinished, installed);
  }
  const port = await getPort({ host: '127.0.0.1' });
  const api = `http://127.0.0.1:${port}`;
  const server = execa('python3', ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], {
    env: { PYTHONPATH: installed },
    reject: false,
    stdio: 'ignore',
    cleanup: true,
  });
  let ended = false;
  void server.then(() => (ended = true));
  for (;;) {
    if (ended) throw new Error('moto ended before it answered');
    const answer = await fetch(`${api}/moto-api/`).catch(() => undefined);
    if (answer?.ok) break;
    await pause(100);
  }
  return {
    api,
    stop: async () => {
      server.kill();
      await server;
    },
  };
}
