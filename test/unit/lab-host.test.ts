import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { distributions, faults, observeHost } from '../../lab/host.ts';
import type { Host } from '../../lab/host.ts';
import { LabError, explanation } from '../../lab/lab-error.ts';

const good: Host = {
  platform: 'linux',
  architecture: 'x64',
  distributions: ['debian'],
  hasAptGet: true,
  userId: 0,
  capabilities: '000001ffffffffff',
  node: '20.20.2',
  python: '3.11',
  freeGigabytes: { var: 50, home: 50 },
  kubernetesIsBuilt: false,
  foreignKubernetes: false,
};

describe('prerequisites of the lab', () => {
  it('finds no fault with a Debian machine, root, Node and Python', () => {
    expect(faults(good)).toEqual([]);
    expect(faults({ ...good, distributions: ['linuxmint', 'ubuntu', 'debian'] })).toEqual([]);
  });

  it.each<[string, Partial<Host>, RegExp]>([
    ['another system', { platform: 'darwin' }, /needs Linux: run it in a Debian or Ubuntu machine/],
    [
      'another distribution',
      { distributions: ['fedora'], hasAptGet: false },
      /this is fedora: use one of them/,
    ],
    ['another processor', { architecture: 'ia32' }, /this is ia32: use docker compose/],
    ['not root', { userId: 1000, capabilities: '0' }, /run it again as root/],
    ['root in an ordinary container', { capabilities: '00000000a80425fb' }, /privileged container/],
    ['an old Node', { node: '18.19.0' }, /install Node 20\.3/],
    ['Node 20.2', { node: '20.2.0' }, /install Node 20\.3/],
    ['no Python', { python: undefined }, /apt-get install python3/],
    ['an old Python', { python: '3.7' }, /install Python 3\.8/],
    [
      'a full disk',
      { freeGigabytes: { var: 1.2, home: 50 } },
      /\/var\/lib has 1\.2 GB free and the lab needs 3 GB/,
    ],
    [
      'no room for the build',
      { freeGigabytes: { var: 50, home: 4 } },
      /has 4\.0 GB free and the lab needs 7 GB/,
    ],
    ['another Kubernetes', { foreignKubernetes: true }, /stop it, or use another machine/],
  ])('%s: one sentence with the next move', (_, change, sentence) => {
    const found = faults({ ...good, ...change });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(sentence);
    expect(found[0]).not.toContain('\n');
  });

  it('asks for less room where Kubernetes is built already', () => {
    expect(faults({ ...good, kubernetesIsBuilt: true, freeGigabytes: { var: 50, home: 4 } })).toEqual([]);
  });

  it('names every fault at once', () => {
    expect(faults({ ...good, userId: 1000, python: undefined, node: '16.0.0' })).toHaveLength(3);
  });

  it('reads ID and ID_LIKE, quoted or not', () => {
    expect(distributions('NAME="Ubuntu"\nID=ubuntu\nID_LIKE="debian"\nVERSION_ID="24.04"\n')).toEqual([
      'ubuntu',
      'debian',
    ]);
  });

  it('looks at this very machine', async () => {
    const host = await observeHost();
    expect(host.node).toBe(process.versions.node);
    expect(host.platform).toBe(process.platform);
    expect(host.freeGigabytes.home).toBeGreaterThan(0);
  });
});

describe('an error at the terminal', () => {
  it('says what to do about a full disk, whoever met it', () => {
    expect(explanation(new Error('ENOSPC: no space left on device, write'))).toMatch(
      /^The disk is full: free some/,
    );
    expect(explanation(new LabError('`tar` failed: No space left on device'))).toMatch(/^The disk is full/);
  });

  it('is one sentence when the lab knows the next move, and keeps its stack when it does not', () => {
    expect(explanation(new LabError('Do this.'))).toBe('Do this.');
    expect(explanation(new TypeError('x is not a function'))).toContain(' at ');
  });
});

describe('npm run lab without what it needs', () => {
  it('says one sentence, ends with status 1 and shows no stack', async () => {
    // No program but Node itself is found: neither apt-get nor Python.
    const result = await execa(process.execPath, ['--import', 'tsx', 'lab/cli.ts'], {
      reject: false,
      env: { PATH: '/nonexistent' },
      extendEnv: false,
    });
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain('The lab needs Debian or Ubuntu');
    expect(result.stderr).toContain('Python is missing: run `apt-get install python3 python3-pip`.');
    expect(result.stderr).not.toMatch(/^\s+at /m);
  });
});
