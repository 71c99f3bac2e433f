import { existsSync, readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { homedir } from 'node:os';
import { command, onPath } from './command.ts';
import { hasKubernetesChains } from './iptables.ts';
import { isBuilt } from './kubernetes/build.ts';
import { readState } from './state.ts';

/** What the prerequisites look at. */
export interface Host {
  platform: string;
  architecture: string;
  /** `ID` and `ID_LIKE` of os-release, for instance ['ubuntu', 'debian']. */
  distributions: string[];
  hasAptGet: boolean;
  userId: number;
  /** Effective capabilities as the kernel prints them, hexadecimal. */
  capabilities: string;
  node: string;
  /** Undefined where there is no python3. */
  python: string | undefined;
  freeGigabytes: { var: number; home: number };
  /** The Kubernetes program is in the cache, so its build needs no space. */
  kubernetesIsBuilt: boolean;
  /** kube-proxy's chains are there, and not by a lab. */
  foreignKubernetes: boolean;
}

type Prerequisite = (host: Host) => string | undefined;

/** The kernel must be Linux: containers are its processes. */
export const linux: Prerequisite = ({ platform }) =>
  platform === 'linux'
    ? undefined
    : 'The lab needs Linux: run it in a Debian or Ubuntu machine, or use docker compose (see README).';

/** Packages come from apt. */
export const debian: Prerequisite = ({ distributions, hasAptGet }) =>
  hasAptGet && distributions.some((id) => id === 'debian' || id === 'ubuntu')
    ? undefined
    : `The lab needs Debian or Ubuntu, this is ${distributions[0] ?? 'unknown'}: use one of them, or docker compose (see README).`;

/** The architectures for which all parts exist. */
export const architecture: Prerequisite = ({ architecture }) =>
  architecture === 'x64' || architecture === 'arm64'
    ? undefined
    : `The lab needs an x86-64 or ARM64 machine, this is ${architecture}: use docker compose on another one.`;

export const root: Prerequisite = ({ userId }) =>
  userId === 0 ? undefined : 'The lab makes networks, mounts and containers: run it again as root (sudo).';

const sysAdmin = 1n << 21n;
const netAdmin = 1n << 12n;

/** Root inside an ordinary container is not allowed to mount or to make networks. */
export const privileges: Prerequisite = ({ userId, capabilities }) => {
  const held = BigInt(`0x${capabilities}`);
  return userId !== 0 || ((held & sysAdmin) !== 0n && (held & netAdmin) !== 0n)
    ? undefined
    : 'Root may not mount or make networks here (a container?): run the lab on a machine, or in a privileged container.';
};

export const node: Prerequisite = ({ node }) =>
  isAtLeast(node, 20, 3) ? undefined : `Node ${node} is too old: install Node 20.3 or newer.`;

export const python: Prerequisite = ({ python }) => {
  if (python === undefined) return 'Python is missing: run `apt-get install python3 python3-pip`.';
  return isAtLeast(python, 3, 8) ? undefined : `Python ${python} is too old: install Python 3.8 or newer.`;
};

/** Measured: a running lab takes about 1 GB, images as much; a cold build of Kubernetes 5 GB in the home directory. */
export const space: Prerequisite = ({ freeGigabytes, kubernetesIsBuilt }) => {
  const needed = { var: 3, home: kubernetesIsBuilt ? 1 : 7 };
  const [place, has, needs] =
    freeGigabytes.var < needed.var
      ? ['/var/lib', freeGigabytes.var, needed.var]
      : [homedir(), freeGigabytes.home, needed.home];
  return has >= needs
    ? undefined
    : `The disk is too full: ${place} has ${has.toFixed(1)} GB free and the lab needs ${needs} GB there; free some.`;
};

export const alone: Prerequisite = ({ foreignKubernetes }) =>
  foreignKubernetes
    ? 'Another Kubernetes runs on this machine (iptables has KUBE- chains): stop it, or use another machine.'
    : undefined;

const prerequisites: Prerequisite[] = [
  linux,
  debian,
  architecture,
  root,
  privileges,
  node,
  python,
  space,
  alone,
];

/** One sentence for each thing that is missing, each saying what to do; empty on a machine that can run the lab. */
export const faults = (host: Host): string[] =>
  prerequisites.map((met) => met(host)).filter((fault) => fault !== undefined);

function isAtLeast(version: string, major: number, minor: number): boolean {
  const [hasMajor = 0, hasMinor = 0] = version.split('.').map(Number);
  return hasMajor > major || (hasMajor === major && hasMinor >= minor);
}

/** Looks at this machine. */
export async function observeHost(): Promise<Host> {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const isLinux = process.platform === 'linux';
  const python = await command('python3', ['--version']).catch(() => undefined);
  const canList = process.getuid?.() === 0 && (await onPath('iptables-save'));
  return {
    platform: process.platform,
    architecture: process.arch,
    distributions: distributions(release),
    hasAptGet: await onPath('apt-get'),
    userId: process.getuid?.() ?? -1,
    capabilities: isLinux
      ? (/^CapEff:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0')
      : '0',
    node: process.versions.node,
    python: /\d+\.\d+/.exec(python ?? '')?.[0],
    freeGigabytes: { var: await freeGigabytes('/var/lib'), home: await freeGigabytes(homedir()) },
    kubernetesIsBuilt: isBuilt(),
    foreignKubernetes: canList && readState() === undefined && (await hasKubernetesChains()),
  };
}

/** `ID` first, then `ID_LIKE`, of the text of os-release. */
export function distributions(release: string): string[] {
  const values = ['ID', 'ID_LIKE'].map((name) => new RegExp(`^${name}=(.*)$`, 'm').exec(release)?.[1] ?? '');
  return values.flatMap((value) => value.replaceAll('"', '').split(' ')).filter((id) => id !== '');
}

async function freeGigabytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(existsSync(directory) ? directory : '/');
  return (bavail * bsize) / 1e9;
}
