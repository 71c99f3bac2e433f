import { existsSync } from 'node:fs';
import { command, onPath } from './command.ts';
import { LabError } from './lab-error.ts';

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Debian packages and how to see that the machine has what we want of them, from there or from elsewhere. */
const wanted: Record<string, () => boolean | Promise<boolean>> = {
  containerd: async () => (await onPath('containerd')) && (await onPath('ctr')),
  runc: () => onPath('runc'),
  'containernetworking-plugins': () =>
    existsSync('/usr/lib/cni/bridge') && existsSync('/usr/lib/cni/host-local'),
  iptables: async () => (await onPath('iptables-save')) && (await onPath('ip6tables-restore')),
  iproute2: () => onPath('ip'),
  conntrack: () => onPath('conntrack'),
  mmdebstrap: () => onPath('mmdebstrap'),
  'debian-archive-keyring': () => existsSync(keyring),
  openssl: () => onPath('openssl'),
  'python3-pip': () => hasPip(),
};

const hasPip = (): Promise<boolean> =>
  command('python3', ['-m', 'pip', '--version']).then(
    () => true,
    () => false,
  );

/** Names of the Debian packages this machine lacks. */
export async function missingPackages(): Promise<string[]> {
  const present = await Promise.all(Object.values(wanted).map(async (isPresent) => isPresent()));
  return Object.keys(wanted).filter((_, index) => present[index] !== true);
}

/** Installs what is missing. Debian's containerd service is never started: the lab runs one of its own. */
export async function installPackages(onProgress: (detail: string) => void): Promise<void> {
  const packages = await missingPackages();
  if (packages.length === 0) return;
  onProgress(packages.join(', '));
  const systemd = existsSync('/run/systemd/system') && packages.includes('containerd');
  if (systemd) await command('systemctl', ['mask', '--runtime', 'containerd.service']);
  try {
    await installDebian(packages);
  } finally {
    if (systemd) {
      await command('systemctl', ['unmask', '--runtime', 'containerd.service']);
      await command('systemctl', ['disable', 'containerd.service']).catch(() => undefined);
    }
  }
  const still = await missingPackages();
  if (still.length > 0) {
    throw new LabError(
      `Install ${still.join(', ')} by hand: apt-get says they are there, but they do not work.`,
    );
  }
}

/** Installs Debian packages, without those they merely recommend; asks the archive anew where its lists are old. */
export async function installDebian(packages: string[]): Promise<void> {
  const install = () => aptGet('install', '--yes', '--no-install-recommends', ...packages);
  await install().catch(async () => {
    await aptGet('update');
    await install();
  });
}

const aptGet = (...args: string[]): Promise<string> =>
  command('apt-get', ['-o', 'DPkg::Lock::Timeout=300', ...args], {
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  });
