import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { autoscalersOf } from '../../src/kubernetes/autoscalers.ts';
import {
  readCronJob,
  runOnce,
  setCronJobImage,
  suspend,
  templateOf,
} from '../../src/kubernetes/cron-jobs.ts';
import {
  imageOf,
  podsOfDeployment,
  readDeployment,
  readinessOf,
  scale,
} from '../../src/kubernetes/deployments.ts';
import { lastLines } from '../../src/kubernetes/error-lines.ts';
import { health } from '../../src/kubernetes/health.ts';
import { runJob } from '../../src/kubernetes/jobs.ts';
import { poll } from '../../src/kubernetes/pause.ts';
import { releases, setTemplate } from '../../src/kubernetes/releases.ts';
import { missingRights, rightsNeeded } from '../../src/kubernetes/rights.ts';
import { deleteSecret, putSecret, readSecret } from '../../src/kubernetes/secrets.ts';
import type { OperationId } from '../../src/domain/names.ts';
import {
  cronJob,
  deployment,
  kubernetesFixture,
  service,
  template,
  type KubernetesFixture,
} from './fixtures/kubernetes-fixture.ts';

let fixture: KubernetesFixture;
beforeAll(async () => {
  fixture = await kubernetesFixture('workloads');
});
afterAll(() => fixture.remove());

const signal = new AbortController().signal;
const operation: OperationId = 'bs-0123abcd';

const ready = (replicas: number) =>
  poll({ every: 300, within: 60_000, signal }, async () => {
    const found = await readinessOf(fixture.cluster, fixture.namespace, 'server');
    return found.ready && found.readyPods === replicas ? found : undefined;
  });

describe('Secrets', () => {
  test('are made, changed, read and deleted; what is missing is named, and no value', async () => {
    const name = `${operation}-back-up`;
    const labels = { 'backstep.dev/operation': operation };
    await putSecret(fixture.cluster, fixture.namespace, name, { url: 'postgresql://a\n' }, labels);
    await putSecret(
      fixture.cluster,
      fixture.namespace,
      name,
      { url: 'postgresql://b\n', other: 'x' },
      labels,
    );
    await expect(readSecret(fixture.cluster, fixture.namespace, { secret: name, key: 'url' })).resolves.toBe(
      'postgresql://b',
    );
    await expect(
      readSecret(fixture.cluster, fixture.namespace, { secret: name, key: 'URL' }),
    ).rejects.toMatchObject({
      type: 'SecretMissing',
      message: expect.stringMatching(/under the key URL; its keys: other, url\.$/),
    });
    await expect(
      putSecret(fixture.cluster, fixture.namespace, name, {}, { 'backstep.dev/operation': 'bs-ffffffff' }),
    ).rejects.toThrow('is not of this operation');
    await deleteSecret(fixture.cluster, fixture.namespace, name);
    await deleteSecret(fixture.cluster, fixture.namespace, name);
    await expect(
      readSecret(fixture.cluster, fixture.namespace, { secret: name, key: 'url' }),
    ).rejects.toMatchObject({
      type: 'SecretMissing',
    });
  });
});

describe('Deployments', () => {
  test('are scaled, rolled back as by kubectl, and asked for their health', async () => {
    const current = async () =>
      imageOf((await readDeployment(fixture.cluster, fixture.namespace, 'server')).spec?.template);
    await fixture.apply(
      deployment('server', 1, template(fixture.images.old, 'server', { COLOUR: 'blue' })),
      service('server'),
    );
    expect(await ready(1)).toBeDefined();
    await fixture.apply(
      deployment('server', 2, template(fixture.images.new, 'server', { COLOUR: 'red', ILL: 'yes' })),
    );
    expect(await ready(2)).toBeDefined();
    const path = '/health?full=yes';
    await expect(
      health(fixture.cluster, fixture.namespace, { service: 'server', port: 80, path }),
    ).resolves.toEqual({
      status: 503,
      said: expect.stringContaining('column papers.score does not exist'),
      body: expect.stringMatching(/^\{.*\}$/),
    });

    expect(await scale(fixture.cluster, fixture.namespace, 'server', 0)).toBe(2);
    expect(await scale(fixture.cluster, fixture.namespace, 'server', 0)).toBe(0);
    const [bad, good] = await releases(fixture.cluster, fixture.namespace, 'server');
    expect([bad?.revision, bad?.images, good?.images]).toEqual([
      2,
      { api: fixture.images.new },
      { api: fixture.images.old },
    ]);
    const wanted = { template: good?.template ?? {}, image: fixture.images.old, cause: 'a test' };
    expect(await setTemplate(fixture.cluster, fixture.namespace, 'server', wanted)).toBe(true);
    expect(await setTemplate(fixture.cluster, fixture.namespace, 'server', wanted)).toBe(false);
    expect(await current()).toBe(fixture.images.old);

    await scale(fixture.cluster, fixture.namespace, 'server', 2);
    expect(await ready(2)).toBeDefined();
    await expect(
      health(fixture.cluster, fixture.namespace, { service: 'server', port: 80, path }),
    ).resolves.toEqual({
      status: 200,
      said: 'ok',
      body: 'ok',
    });
    // The template came back whole, so that Kubernetes knows the old ReplicaSet again under a new number.
    expect(
      (await releases(fixture.cluster, fixture.namespace, 'server')).map(({ revision, replicaSet }) => [
        revision,
        replicaSet,
      ]),
    ).toEqual([
      [3, good?.replicaSet],
      [2, bad?.replicaSet],
    ]);
    const pods = (
      await podsOfDeployment(
        fixture.cluster,
        await readDeployment(fixture.cluster, fixture.namespace, 'server'),
      )
    ).filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
    expect(await lastLines(fixture.cluster, pods)).toEqual(
      pods.map((pod) => `${pod.metadata?.name}: release 1`),
    );
    expect(await fixture.kubectl('rollout', 'history', 'deployment/server')).toContain('a test');
  });

  test('say why their pods are not ready', async () => {
    const crashing = template(fixture.images.old, 'broken');
    crashing.spec!.containers[0]!.command = [
      'python3',
      '-c',
      'import sys; print("cannot start"); sys.exit(3)',
    ];
    await fixture.apply(deployment('broken', 1, crashing));
    const seen = await poll({ every: 500, within: 30_000, signal }, async () => {
      const { ready: done, trouble } = await readinessOf(fixture.cluster, fixture.namespace, 'broken');
      expect(done).toBe(false);
      return trouble.some((words) => /exit code 3/.test(words)) ? trouble : undefined;
    });
    expect(seen?.[0]).toMatch(/^pod broken-.*: container api: /);
    const pods = await podsOfDeployment(
      fixture.cluster,
      await readDeployment(fixture.cluster, fixture.namespace, 'broken'),
    );
    expect((await lastLines(fixture.cluster, pods)).join()).toContain('cannot start');
  });

  test('have their autoscalers named', async () => {
    await fixture.kubectl('autoscale', 'deployment', 'server', '--max=3', '--name=grow');
    expect(await autoscalersOf(fixture.cluster, fixture.namespace, 'server')).toEqual(['grow']);
    expect(await autoscalersOf(fixture.cluster, fixture.namespace, 'broken')).toEqual([]);
    await fixture.kubectl('delete', 'hpa', 'grow');
  });

  test('that are missing, or have no such health path, or do not answer, are told apart', async () => {
    await expect(readDeployment(fixture.cluster, fixture.namespace, 'none')).rejects.toMatchObject({
      type: 'WorkloadMissing',
    });
    const elsewhere = { service: 'server', port: 80, path: '/elsewhere' };
    await expect(health(fixture.cluster, fixture.namespace, elsewhere)).resolves.toMatchObject({
      status: 404,
    });
    const slow = { service: 'server', port: 80, path: '/slow' };
    await expect(health(fixture.cluster, fixture.namespace, slow)).resolves.toEqual({
      status: 504,
      said: 'no answer within 5 s',
      body: '',
    });
    const absent = { service: 'none', port: 80, path: '/health' };
    await expect(health(fixture.cluster, fixture.namespace, absent)).resolves.toMatchObject({
      status: 404,
      said: expect.stringContaining('"none" not found'),
    });
  });
});

describe('CronJobs', () => {
  test('are suspended, given an image, and run once by hand under the CronJob, for whoever asks how it ended', async () => {
    await fixture.apply(
      cronJob('hourly', fixture.images.new, 'echo run by release $RELEASE', { ttlSecondsAfterFinished: 0 }),
    );
    expect(await suspend(fixture.cluster, fixture.namespace, 'hourly', true)).toBe(false);
    expect(await suspend(fixture.cluster, fixture.namespace, 'hourly', true)).toBe(true);
    expect(await setCronJobImage(fixture.cluster, fixture.namespace, 'hourly', fixture.images.old)).toBe(
      true,
    );
    expect(await setCronJobImage(fixture.cluster, fixture.namespace, 'hourly', fixture.images.old)).toBe(
      false,
    );
    const found = await readCronJob(fixture.cluster, fixture.namespace, 'hourly');
    expect(templateOf(found)?.spec?.containers[0]?.command).toEqual([
      'sh',
      '-c',
      'echo run by release $RELEASE',
    ]);
    const job = runOnce(found, {
      name: `${operation}-resume-cron-jobs-1-hourly`,
      operation,
      step: 'resume-cron-jobs',
    });
    const end = await runJob(fixture.cluster, job, { signal });
    expect(end).toMatchObject({ succeeded: true, lines: ['run by release 1'] });
    await pause(1_000);
    expect(
      await fixture.kubectl('get', 'job', end.name, '-o', 'jsonpath={.metadata.ownerReferences[0].name}'),
    ).toBe('hourly');
  });
});

describe('rights', () => {
  test('those of the manifests are all that are needed, and one that is taken away is named', async () => {
    const needed = rightsNeeded(fixture.namespace, 'backstep');
    expect(await missingRights(fixture.cluster, needed)).toEqual([]);
    await fixture.kubectl('delete', 'rolebinding', 'backstep');
    const missing = await missingRights(fixture.cluster, needed);
    expect(missing).toEqual(needed.filter(({ namespace }) => namespace === fixture.namespace));
    await expect(readDeployment(fixture.cluster, fixture.namespace, 'server')).rejects.toMatchObject({
      type: 'KubernetesRightMissing',
      message: expect.stringContaining('cannot get resource "deployments"'),
    });
  });
});
