import { execa } from 'execa';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { hierarchies } from '../../lab/kubernetes/cgroups.ts';
import { withLock } from '../../lab/lock.ts';
import { isAlive, listens, startInStat, startOf, stop } from '../../lab/process.ts';
import { mountsBelow } from '../../lab/mounts.ts';
import { isOwn } from '../../lab/sweep.ts';

describe('a process of the lab', () => {
  it('is known by its start, also with spaces and parentheses in its name', () => {
    const fields = ['S', ...Array.from({ length: 18 }, () => '0'), '4711', '0'].join(' ');
    expect(startInStat(`12 (a) b (c) ${fields}`)).toBe('4711');
    expect(startInStat(`12 (gone) Z ${fields.slice(2)}`)).toBeUndefined();
  });

  it('is not alive when its number belongs to another process', async () => {
    const child = spawn('sleep', ['60']);
    const pid = child.pid ?? 0;
    const startedAt = startOf(pid) ?? '';
    expect(isAlive({ pid, startedAt })).toBe(true);
    expect(isAlive({ pid, startedAt: '1' })).toBe(false);
    await stop({ pid, startedAt: '1' });
    expect(isAlive({ pid, startedAt })).toBe(true);
    await stop({ pid, startedAt });
    expect(isAlive({ pid, startedAt })).toBe(false);
  });

  it('is stopped by SIGKILL when it ignores the signal', async () => {
    const child = spawn('sh', ['-c', 'trap "" TERM; echo ready; while :; do sleep 1; done']);
    await once(child.stdout, 'data');
    const running = { pid: child.pid ?? 0, startedAt: startOf(child.pid ?? 0) ?? '' };
    await stop(running, 'SIGTERM', 0.2);
    expect(isAlive(running)).toBe(false);
  });

  it('is the one that listens, not somebody else on the same port', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const other = spawn('sleep', ['60']);
    expect(listens(process.pid, port)).toBe(true);
    expect(listens(other.pid ?? 0, port)).toBe(false);
    server.close();
    other.kill('SIGKILL');
  });
});

describe('what a sweep takes for its own', () => {
  const state = '/var/lib/backstep-lab';

  it.each([
    [[`${state}/bin/kubelet`, '--config=x'], true],
    [['containerd', '--config', `${state}/containerd/config.toml`], true],
    [['/usr/bin/containerd-shim-runc-v2', '-address', `${state}/containerd/containerd.sock`], true],
    [['/usr/bin/containerd-shim-runc-v2', '-address', '/run/containerd/containerd.sock'], false],
    [['containerd'], false],
    [['tail', '-f', `${state}/logs/etcd.log`], false],
    [['/var/lib/backstep-laboratory/bin/etcd'], false],
  ])('%j: %s', (argv, expected) => {
    expect(isOwn(argv)).toBe(expected);
  });

  it('unmounts the innermost first, and only its own', () => {
    const mountinfo = [
      `22 27 0:21 / /proc rw - proc proc rw`,
      `40 27 0:50 / ${state}/kubelet/pods/a/volumes/b rw - tmpfs tmpfs rw`,
      `41 40 0:51 / ${state}/kubelet/pods/a/volumes/b/c rw - tmpfs tmpfs rw`,
      `42 27 0:52 / ${state}-other/d rw - tmpfs tmpfs rw`,
    ].join('\n');
    expect(mountsBelow(state, mountinfo)).toEqual([
      `${state}/kubelet/pods/a/volumes/b/c`,
      `${state}/kubelet/pods/a/volumes/b`,
    ]);
  });

  it('knows the hierarchies of both versions of cgroups', () => {
    expect(hierarchies('cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n')).toEqual(['/sys/fs/cgroup']);
    expect(
      hierarchies('tmpfs /sys/fs/cgroup tmpfs rw 0 0\ncgroup /sys/fs/cgroup/pids cgroup rw,pids 0 0\n'),
    ).toEqual(['/sys/fs/cgroup/pids']);
  });
});

describe('the lock', () => {
  it('lets one at a time work, and tells the other that it waits', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'backstep-lock-'));
    const file = join(directory, 'lock');
    const order: string[] = [];
    const first = withLock(
      file,
      () => {},
      async () => {
        order.push('first begins');
        await sleep(900);
        order.push('first ends');
      },
    );
    await sleep(200);
    await withLock(
      file,
      () => order.push('second waits'),
      async () => order.push('second begins'),
    );
    await first;
    expect(order).toEqual(['first begins', 'second waits', 'first ends', 'second begins']);
    rmSync(directory, { recursive: true });
  });

  it('is free again when its holder is killed', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'backstep-lock-'));
    const file = join(directory, 'lock');
    const script = `import { withLock } from './lab/lock.ts';
      await withLock(${JSON.stringify(file)}, () => {}, async () => { console.log('held'); await new Promise((r) => setTimeout(r, 60000)); });`;
    const holder = execa(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      reject: false,
    });
    await once(holder.stdout, 'data');
    holder.kill('SIGKILL');
    await holder;
    expect(
      await withLock(
        file,
        () => {},
        async () => 'mine',
      ),
    ).toBe('mine');
    rmSync(directory, { recursive: true });
  });
});
