import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from '../command.ts';
import { inState } from '../paths.ts';
import type { Network } from '../state.ts';
import { nodeName } from './names.ts';

/** Who a certificate is for: `O` is the group, `CN` the user or the server. */
interface Subject {
  name: string;
  organisation?: string;
  commonName: string;
  /** Addresses and names it serves under; without any it is a client's. */
  serves?: string[];
}

const directory = inState('kubernetes', 'certificates');

export const certificate = (name: string): string => join(directory, `${name}.crt`);
export const key = (name: string): string => join(directory, `${name}.key`);

function subjects(network: Network): Subject[] {
  const firstService = network.services.replace(/\.0\/24$/, '.1');
  const apiNames = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'localhost'];
  const dns = apiNames.map((name) => `DNS:${name}`);
  return [
    {
      name: 'apiserver',
      commonName: 'kube-apiserver',
      serves: [...dns, `IP:127.0.0.1`, `IP:${network.address}`, `IP:${firstService}`],
    },
    { name: 'loopback', commonName: 'backstep-lab-loopback', serves: ['IP:127.0.0.1'] },
    { name: 'admin', organisation: 'system:masters', commonName: 'backstep-lab-admin' },
    {
      name: 'apiserver-to-kubelet',
      organisation: 'system:masters',
      commonName: 'kube-apiserver-kubelet-client',
    },
    { name: 'controller-manager', commonName: 'system:kube-controller-manager' },
    { name: 'scheduler', commonName: 'system:kube-scheduler' },
    { name: 'kube-proxy', commonName: 'system:kube-proxy' },
    {
      name: 'kubelet',
      organisation: 'system:nodes',
      commonName: `system:node:${nodeName}`,
      serves: [`DNS:${nodeName}`, `IP:${network.address}`],
    },
  ];
}

/** Makes an authority of the lab's own, a certificate for each part, and the key that signs service-account tokens. */
export async function makeCertificates(network: Network): Promise<void> {
  if (existsSync(directory)) return;
  const unfinished = `${directory}.part`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true, mode: 0o700 });
  const openssl = (...args: string[]) => command('openssl', args, { cwd: unfinished });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-days',
    '3650',
    '-subj',
    '/CN=backstep-lab',
    '-addext',
    'keyUsage=critical,keyCertSign,cRLSign,digitalSignature',
  );
  await Promise.all(
    subjects(network).map(async ({ name, organisation, commonName, serves }) => {
      const subject = `${organisation === undefined ? '' : `/O=${organisation}`}/CN=${commonName}`;
      const extensions = [
        'keyUsage=critical,digitalSignature',
        // Some parts use one certificate on both ends.
        `extendedKeyUsage=clientAuth${serves === undefined ? '' : ',serverAuth'}`,
        ...(serves === undefined ? [] : [`subjectAltName=${serves.join(',')}`]),
      ];
      writeFileSync(join(unfinished, `${name}.ext`), `${extensions.join('\n')}\n`);
      await openssl('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', subject);
      await openssl(
        'x509',
        '-req',
        '-in',
        `${name}.csr`,
        '-CA',
        'ca.crt',
        '-CAkey',
        'ca.key',
        '-days',
        '3650',
        '-set_serial',
        `0x${Buffer.from(name).toString('hex').slice(0, 32)}`,
        '-extfile',
        `${name}.ext`,
        '-out',
        `${name}.crt`,
      );
    }),
  );
  const serviceAccounts = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(
    join(unfinished, 'service-accounts.key'),
    serviceAccounts.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    { mode: 0o600 },
  );
  writeFileSync(
    join(unfinished, 'service-accounts.crt'),
    serviceAccounts.publicKey.export({ type: 'spki', format: 'pem' }),
  );
  renameSync(unfinished, directory);
}
