import { readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { inState } from '../paths.ts';
import { writePrivately } from '../state.ts';
import { certificate, key } from './certificates.ts';

const base64 = (file: string): string => readFileSync(file).toString('base64');

/** Writes a kubeconfig that proves itself by the client certificate of this name, whole in one file, mode 0600. */
export function writeKubeconfig(user: string, server: string): string {
  const path = inState('kubernetes', `${user}.kubeconfig`);
  const cluster = { server, 'certificate-authority-data': base64(certificate('ca')) };
  const proof = {
    'client-certificate-data': base64(certificate(user)),
    'client-key-data': base64(key(user)),
  };
  writePrivately(
    path,
    stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'backstep-lab', cluster }],
      users: [{ name: user, user: proof }],
      contexts: [{ name: 'backstep-lab', context: { cluster: 'backstep-lab', user } }],
      'current-context': 'backstep-lab',
    }),
  );
  return path;
}
