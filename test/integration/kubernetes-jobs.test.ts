import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jobFromTemplate } from '../../src/kubernetes/job-template.ts';
import { deleteOperationJobs, runJob } from '../../src/kubernetes/jobs.ts';
import { poll } from '../../src/kubernetes/pause.ts';
import { putSecret } from '../../src/kubernetes/secrets.ts';
import type { OperationId } from '../../src/domain/names.ts';
import { kubernetesFixture, template, type KubernetesFixture } from './fixtures/kubernetes-fixture.ts';

let fixture: KubernetesFixture;
beforeAll(async () => {
  fixture = await kubernetesFixture('jobs');
});
afterAll(() => fixture.remove());

const signal = new AbortController().signal;
const operation: OperationId = 'bs-0123abcd';

const job = (name: string, script: string, change: Partial<Parameters<typeof jobFromTemplate>[0]> = {}) =>
  jobFromTemplate({
    name: `${operation}-${name}-1`,
    namespace: fixture.namespace,
    operation,
    step: name,
    template: template(fixture.images.old, 'server'),
    command: ['python3', '-c', script],
    env: [],
    deadlineSeconds: 120,
    ...change,
  });

describe('Jobs', () => {
  test('give each line as it comes, and end with the last ones and the times', async () => {
    const lines: string[] = [];
    const script = 'import time\nfor n in range(8):\n  print(n, flush=True); time.sleep(0.4)';
    const end = await runJob(fixture.cluster, job('lines', script), {
      signal,
      onLine: (line) => lines.push(line),
    });
    expect(lines).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
    expect(end).toMatchObject({ name: `${operation}-lines-1`, succeeded: true, exitCode: 0, lines });
    expect(Date.parse(end.finishedAt ?? '')).toBeGreaterThan(Date.parse(end.startedAt ?? ''));
  });

  test('are found again, not started twice, by whoever comes after a crash', async () => {
    const script = 'import time, uuid\nprint(uuid.uuid4(), flush=True); time.sleep(3)';
    const crash = new AbortController();
    const first: string[] = [];
    const given = (line: string) => {
      first.push(line);
      crash.abort(new Error('killed'));
    };
    await expect(
      runJob(fixture.cluster, job('again', script), { signal: crash.signal, onLine: given }),
    ).rejects.toThrow('killed');
    const end = await runJob(fixture.cluster, job('again', script), { signal });
    expect(end.lines).toEqual(first);
    expect(
      (await fixture.kubectl('get', 'pods', '-l', 'backstep.dev/step=again', '-o', 'name')).split('\n'),
    ).toHaveLength(1);
  });

  test('carry a result line longer than what the runtime writes at once', async () => {
    const end = await runJob(fixture.cluster, job('long', 'print("x" * 200_000)'), { signal });
    expect(end.lines.map((line) => line.length)).toEqual([200_000]);
  });

  test('that fail say how', async () => {
    const script = 'import sys\nprint("FATAL: no such column"); sys.exit(7)';
    const end = await runJob(fixture.cluster, job('fails', script), { signal });
    expect(end).toMatchObject({ succeeded: false, exitCode: 7, lines: ['FATAL: no such column'] });
    expect(end.reason).toContain('exit code 7');
  });

  test('that take too long are ended, and what they said is kept', async () => {
    const script = 'import time\nprint("begins", flush=True); time.sleep(60)';
    const end = await runJob(fixture.cluster, job('late', script, { deadlineSeconds: 4 }), { signal });
    expect(end).toMatchObject({ succeeded: false });
    expect(end.lines).toContain('begins');
    expect(end.reason).toContain('DeadlineExceeded');
  });

  test('that cannot start are deleted, and say why', async () => {
    const missing = job('missing', '', { image: 'localhost/there-is-none:1' });
    await expect(runJob(fixture.cluster, missing, { signal, startWithin: 4_000 })).rejects.toMatchObject({
      type: 'JobNotStarted',
      message: expect.stringMatching(/there-is-none/),
    });
    const volume = { name: 'backups', persistentVolumeClaim: { claimName: 'no-such-claim' } };
    const unbound = job('unbound', '', { volumes: [{ volume, mountPath: '/backups' }] });
    await expect(runJob(fixture.cluster, unbound, { signal, startWithin: 4_000 })).rejects.toMatchObject({
      type: 'JobNotStarted',
      message: expect.stringMatching(/no-such-claim/),
    });
    expect(await fixture.kubectl('get', 'jobs', '-o', 'name')).not.toMatch(/missing|unbound/);
  });

  test('of somebody else are not taken for ours', async () => {
    await fixture.kubectl(
      'create',
      'job',
      `${operation}-theirs-1`,
      `--image=${fixture.images.old}`,
      '--',
      'true',
    );
    await expect(runJob(fixture.cluster, job('theirs', ''), { signal })).rejects.toMatchObject({
      type: 'JobNotStarted',
    });
  });

  test('read a database URL from a file as from the environment', async () => {
    await putSecret(
      fixture.cluster,
      fixture.namespace,
      `${operation}-file`,
      { DATABASE_URL: 'postgresql://aside' },
      {},
    );
    const script = 'print(open("/etc/radar/url").read())';
    const secretFile = { secret: `${operation}-file`, key: 'DATABASE_URL', path: '/etc/radar/url' };
    const end = await runJob(fixture.cluster, job('file', script, { secretFile }), { signal });
    expect(end).toMatchObject({ succeeded: true, lines: ['postgresql://aside'] });
  });

  test('of an operation are deleted together', async () => {
    const deleted = await deleteOperationJobs(fixture.cluster, fixture.namespace, operation);
    expect(deleted).toEqual(expect.arrayContaining([`${operation}-lines-1`, `${operation}-late-1`]));
    const gone = await poll({ every: 300, within: 30_000, signal }, async () => {
      const left = await fixture.kubectl(
        'get',
        'pods',
        '-l',
        `backstep.dev/operation=${operation}`,
        '-o',
        'name',
      );
      return left === '' ? true : undefined;
    });
    expect(gone).toBe(true);
  });
});
