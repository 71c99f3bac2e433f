import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { portOf } from '../state.ts';
import type { Network, State } from '../state.ts';
import { certificate, key } from './certificates.ts';

export const apiServer = (state: State, network: Network): string =>
  `https://${network.address}:${portOf(state, 'kube-apiserver')}`;

/** Asks the API server as the administrator. The lab's own authority must have signed its certificate: no other server passes. */
export function ask(state: State, network: Network, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asking = request(
      new URL(path, apiServer(state, network)),
      {
        ca: readFileSync(certificate('ca')),
        cert: readFileSync(certificate('admin')),
        key: readFileSync(key('admin')),
        agent: false,
        timeout: 3000,
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (body += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
        response.on('error', reject);
      },
    );
    asking.on('timeout', () => asking.destroy(new Error('no answer within 3 s')));
    asking.on('error', reject);
    asking.end();
  });
}

/** Whether the path answers with 200. Never throws. */
export const answers = (state: State, network: Network, path: string): Promise<boolean> =>
  ask(state, network, path).then(
    ({ status }) => status === 200,
    () => false,
  );
