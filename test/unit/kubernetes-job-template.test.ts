import type { V1PodTemplateSpec } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { jobFromTemplate, type JobSpec } from '../../src/kubernetes/job-template.ts';

const template: V1PodTemplateSpec = {
  metadata: { labels: { app: 'deeptech-api' }, annotations: { 'example.com/team': 'radar' } },
  spec: {
    serviceAccountName: 'radar',
    restartPolicy: 'Always',
    hostname: 'radar-0',
    topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }],
    affinity: {
      nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] },
      podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone' }] },
    },
    initContainers: [
      { name: 'migrate', image: 'radar:2', command: ['alembic', 'upgrade', 'head'] },
      {
        name: 'proxy',
        image: 'proxy:1',
        restartPolicy: 'Always',
        ports: [{ containerPort: 5432, hostPort: 5432 }],
        volumeMounts: [{ name: 'proxy-config', mountPath: '/etc/proxy' }],
      },
    ],
    containers: [
      {
        name: 'api',
        image: 'radar:2',
        command: ['serve'],
        args: ['--port', '8000'],
        env: [
          { name: 'DATABASE_URL', value: 'postgresql://old' },
          { name: 'REPLICA_URL', value: '$(DATABASE_URL)' },
        ],
        ports: [{ containerPort: 8000 }],
        livenessProbe: { httpGet: { path: '/health', port: 8000 } },
        readinessProbe: { httpGet: { path: '/health', port: 8000 } },
        startupProbe: { httpGet: { path: '/health', port: 8000 } },
        lifecycle: { preStop: { exec: { command: ['sleep', '5'] } } },
        resources: { limits: { memory: '256Mi' } },
        volumeMounts: [{ name: 'settings', mountPath: '/etc/radar/' }],
      },
      { name: 'metrics', image: 'metrics:1', volumeMounts: [{ name: 'scratch', mountPath: '/tmp' }] },
    ],
    volumes: [
      { name: 'settings', secret: { secretName: 'radar-settings' } },
      { name: 'scratch', emptyDir: {} },
      { name: 'proxy-config', configMap: { name: 'proxy' } },
    ],
  },
};

const job = (change: Partial<JobSpec> = {}) =>
  jobFromTemplate({
    name: 'bs-0a1b2c3d-downgrade-1',
    namespace: 'radar',
    operation: 'bs-0a1b2c3d',
    step: 'downgrade',
    template,
    command: ['python3', '-c', 'print()'],
    env: [{ name: 'DATABASE_URL', value: 'postgresql://new' }],
    deadlineSeconds: 60,
    ...change,
  });
const pod = (change?: Partial<JobSpec>) => job(change).spec?.template.spec;

describe('a Job cloned from a pod template', () => {
  it('runs once, for so long, and removes nothing by itself', () => {
    expect(job().spec).toMatchObject({ backoffLimit: 0, activeDeadlineSeconds: 60 });
    expect(job().spec?.ttlSecondsAfterFinished).toBeUndefined();
    expect(pod()?.restartPolicy).toBe('Never');
  });

  it('has no label that a Service or a ReplicaSet selects', () => {
    const own = { 'backstep.dev/operation': 'bs-0a1b2c3d', 'backstep.dev/step': 'downgrade' };
    expect(job().metadata?.labels).toEqual(own);
    expect(job().spec?.template.metadata?.labels).toEqual(own);
  });

  it('runs the one container with the command alone, and keeps what the program needs', () => {
    expect(pod()?.containers).toEqual([
      {
        name: 'api',
        image: 'radar:2',
        command: ['python3', '-c', 'print()'],
        env: [
          { name: 'DATABASE_URL', value: 'postgresql://new' },
          { name: 'REPLICA_URL', value: '$(DATABASE_URL)' },
        ],
        resources: { limits: { memory: '256Mi' } },
        volumeMounts: [{ name: 'settings', mountPath: '/etc/radar/' }],
      },
    ]);
    expect(pod()?.serviceAccountName).toBe('radar');
  });

  it('keeps native sidecars without their host ports, and drops the init container that migrates', () => {
    expect(pod()?.initContainers?.map(({ name, ports }) => ({ name, ports }))).toEqual([
      { name: 'proxy', ports: [{ containerPort: 5432 }] },
    ]);
  });

  it('keeps the volumes that are mounted, and no others', () => {
    expect(pod()?.volumes?.map(({ name }) => name)).toEqual(['settings', 'proxy-config']);
  });

  it('drops placement that speaks of replicas', () => {
    expect(pod()).not.toHaveProperty('topologySpreadConstraints');
    expect(pod()).not.toHaveProperty('hostname');
    expect(pod()?.affinity).toEqual({
      nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] },
    });
  });

  it('takes another image, another container, and volumes of its own', () => {
    const claim = { name: 'backups', persistentVolumeClaim: { claimName: 'backups' } };
    const made = pod({
      container: 'metrics',
      image: 'other:1',
      volumes: [{ volume: claim, mountPath: '/backups' }],
    });
    expect(made?.containers[0]).toMatchObject({
      name: 'metrics',
      image: 'other:1',
      volumeMounts: [
        { name: 'scratch', mountPath: '/tmp' },
        { name: 'backups', mountPath: '/backups', readOnly: false },
      ],
    });
    expect(made?.volumes?.map(({ name }) => name)).toEqual(['scratch', 'proxy-config', 'backups']);
  });

  it('refuses a container that the template does not have', () => {
    expect(() => job({ container: 'worker' })).toThrow(/no container worker; it has: api, metrics/);
  });

  it('leaves the template as it was', () => {
    const before = structuredClone(template);
    job({ secretFile: { secret: 's', key: 'k', path: '/etc/radar/url' } });
    expect(template).toEqual(before);
  });
});

/** The template with its Secret mounted by items, as `key` under the path `key`. */
function withItems(paths: string[]): V1PodTemplateSpec {
  const items = paths.map((path) => ({ key: path, path }));
  const volumes = [{ name: 'settings', secret: { secretName: 'radar-settings', items } }];
  return { spec: { containers: template.spec?.containers ?? [], volumes } };
}

const secretFile = { secret: 'bs-0a1b2c3d-downgrade', key: 'DATABASE_URL', path: '/etc/radar/url' };
const sources = (paths: string[]) =>
  pod({ secretFile, template: withItems(paths) })?.volumes?.at(-1)?.projected?.sources;

describe('a database URL in a file', () => {
  it('lies beside the other files of the Secret that the application mounts there', () => {
    const made = pod({ secretFile });
    expect(made?.containers[0]?.volumeMounts).toEqual([
      { name: 'backstep-database-url', mountPath: '/etc/radar', readOnly: true },
    ]);
    expect(made?.volumes?.at(-1)?.projected?.sources).toEqual([
      { secret: { name: 'radar-settings' } },
      { secret: { name: 'bs-0a1b2c3d-downgrade', items: [{ key: 'DATABASE_URL', path: 'url' }] } },
    ]);
  });

  it('takes the place of the file of that name', () => {
    expect(sources(['url', 'log.ini'])?.[0]).toEqual({
      secret: { name: 'radar-settings', items: [{ key: 'log.ini', path: 'log.ini' }] },
    });
    // With no items left the whole Secret would be projected, the old URL included.
    expect(sources(['url'])).toHaveLength(1);
  });

  it('is mounted alone where nothing is mounted there', () => {
    expect(pod({ secretFile: { ...secretFile, path: '/run/url' } })?.containers[0]?.volumeMounts).toEqual([
      { name: 'settings', mountPath: '/etc/radar/' },
      { name: 'backstep-database-url', mountPath: '/run/url', subPath: 'url', readOnly: true },
    ]);
  });
});
