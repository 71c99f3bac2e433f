import { describe, expect, it } from 'vitest';
import type { SeenCronJob, SeenWorkload } from '../../src/probes/cluster.ts';
import type { Findings } from '../../src/probes/findings.ts';
import { candidatesOf, type SeenImage } from '../../src/probes/images.ts';
import { migrationImage } from '../../src/probes/migration-image.ts';
import { planCronJob, planWorkload } from '../../src/probes/releases.ts';
import { exampleTool } from '../example-plan.ts';
import type { OperationRecord } from '../../src/domain/record.ts';
import { serviceDefinition, type ServiceDefinition } from '../../src/domain/definition/service.ts';

const template = (image: string) => ({ spec: { containers: [{ name: 'api', image }] } });
const release = (revision: number, image: string) => ({
  revision,
  replicaSet: `api-${revision}`,
  images: { api: image },
  template: template(image),
});
const history = ['0005', '0004', '0003'].map((id) => ({
  revision: id,
  parents: [],
  dependencies: [],
  message: '',
  path: '',
}));
const image = (name: string, ...heads: string[]): SeenImage => ({
  image: name,
  workload: 'api',
  inspection: {
    heads,
    history: history.filter(({ revision }) => heads.some((head) => revision <= head)),
    current: ['0005'],
  },
});
const images = [
  image('api:3', '0005'),
  image('api:2', '0004'),
  image('api:1', '0004'),
  image('api:0', '0003'),
];
const migrate = (image: string) => ({ name: 'migrate', image, command: ['alembic', 'upgrade', 'head'] });
const withInit = (image: string, init: string) => ({
  spec: { ...template(image).spec, initContainers: [migrate(init), { name: 'wait', image: 'busybox' }] },
});
const releases = [release(4, 'api:3'), release(3, 'api:2'), release(2, 'api:1'), release(1, 'api:0')];

const seen = (definition: object = {}, change: Partial<SeenWorkload> = {}): SeenWorkload => ({
  definition: { deployment: 'api', replicas: 2, readyWithin: 1, stop: 'scale', ...definition },
  deployment: { spec: { template: template('api:3'), selector: {} } },
  container: undefined,
  replicas: 3,
  image: 'api:3',
  releases,
  ...change,
});
/** Its releases have an init container that migrates; that of the older one is given. */
const migrating = (older: string, definition = {}) =>
  seen(definition, {
    deployment: { spec: { template: withInit('api:3', 'api:3'), selector: {} } },
    releases: [
      { ...release(4, 'api:3'), template: withInit('api:3', 'api:3') },
      { ...release(3, 'api:2'), template: withInit('api:2', older) },
    ],
  });
const choice = (target: string, record?: OperationRecord) => ({
  tool: exampleTool,
  images,
  target,
  record,
});
const types = ({ faults }: Findings<unknown>) => faults.map(({ type }) => type);

const workload = (...asked: Parameters<typeof planWorkload>) => {
  const { facts } = planWorkload(...asked);
  if (facts === undefined) throw new Error('a workload is always planned');
  return facts;
};

const cronJob = (found: string, own?: string): SeenCronJob => ({
  definition: {
    name: 'hourly',
    suspended: false,
    resume: 'wait',
    within: 1,
    ...(own !== undefined && { image: own }),
  },
  cronJob: { spec: { schedule: '5 * * * *', jobTemplate: {} } },
  suspended: true,
  image: found,
});

const chosen = (of: SeenImage[], current = ['0005'], holds = '0005') =>
  migrationImage(of, { tool: exampleTool, holds, current, env: 'DATABASE_URL' });

const service = (migrations: object): ServiceDefinition =>
  serviceDefinition.parse({
    service: 'radar',
    namespace: 'radar',
    database: { url: { secret: 's', key: 'k' }, admin: { secret: 's', key: 'k' }, tables: ['papers'] },
    migrations: { workload: 'api', ...migrations },
    workloads: [{ deployment: 'api', replicas: 1 }],
    backup: { claim: 'backups' },
    escalation: { path: ['somebody'] },
  });

const names = (of: SeenWorkload[], migrations = {}) =>
  candidatesOf(exampleTool, service(migrations), of).map((each) => each.image);

describe('the release to which a workload goes back', () => {
  it('is the newest whose image needs exactly the target', () => {
    expect(planWorkload(seen(), choice('0004'))).toEqual({
      facts: {
        deployment: 'api',
        found: { replicas: 3, image: 'api:3' },
        wanted: { replicas: 2 },
        rollBackTo: { revision: 3, replicaSet: 'api-3', image: 'api:2' },
      },
      faults: [],
      notes: [],
    });
  });

  it('is the one of the definition: by revision, or by image', () => {
    expect(workload(seen({ toRevision: 2 }), choice('0004')).rollBackTo).toMatchObject({
      revision: 2,
      image: 'api:1',
    });
    expect(workload(seen({ image: 'api:1' }), choice('0004')).rollBackTo).toMatchObject({
      revision: 2,
      image: 'api:1',
    });
    expect(workload(seen({ image: 'gone:7' }), choice('0004')).rollBackTo).toEqual({ image: 'gone:7' });
  });

  it('is refused where Alembic in the named image contradicts, and where the revision is not kept', () => {
    expect(types(planWorkload(seen({ image: 'api:0' }), choice('0004')))).toEqual(['NoFittingImage']);
    expect(types(planWorkload(seen({ toRevision: 9 }), choice('0004')))).toEqual(['WorkloadMissing']);
  });

  it('is refused where an init container would migrate again, and told where it finds nothing to do', () => {
    const harmless = planWorkload(migrating('api:2'), choice('0004'));
    expect(harmless.faults).toEqual([]);
    expect(harmless.notes).toEqual([
      expect.stringMatching(
        /^Init container migrate of Deployment api runs Alembic in api:2, .*nothing to do/,
      ),
    ]);
    const again = planWorkload(migrating('api:3'), choice('0004'));
    expect(again.faults.map(({ message }) => message)).toEqual([
      expect.stringContaining('would run Alembic in api:3, which needs 0005, not 0004'),
    ]);
    // Only the container's own image is changed where no release of it is kept: the init container stays.
    const imageAlone = planWorkload(migrating('api:2', { image: 'api:1' }), choice('0004'));
    expect(types(imageAlone)).toEqual(['NoFittingImage']);
    const unknown = planWorkload(migrating('tools:9'), choice('0004'));
    expect(unknown.notes).toEqual([expect.stringContaining('not known: it may migrate again')]);
    expect(names([migrating('tools:9')])).toContain('tools:9');
  });

  it('is missing, and said to be, where none fits', () => {
    const planned = planWorkload(seen(), choice('base'));
    expect(planned.facts).not.toHaveProperty('rollBackTo');
    expect(planned.notes[0]).toMatch(/No release of Deployment api needs exactly base/);
  });

  it('leaves what an unfinished operation found as found', () => {
    const record = {
      stopped: { workloads: [{ deployment: 'api', found: 2, putBack: 2, image: 'api:3' }], cronJobs: [] },
    };
    const rolledBack = seen({}, { image: 'api:2' });
    expect(workload(rolledBack, choice('0004', record as unknown as OperationRecord)).found.image).toBe(
      'api:3',
    );
  });
});

describe('the image of a CronJob', () => {
  const workloads = [workload(seen(), choice('0004'))];

  it('is that of the workload whose image it shares', () => {
    expect(planCronJob(cronJob('api:3'), workloads, choice('0004'))).toEqual({
      facts: {
        name: 'hourly',
        found: { suspended: true, image: 'api:3' },
        wanted: { suspended: false },
        rollBackTo: { image: 'api:2' },
      },
      faults: [],
      notes: [],
    });
  });

  it('is that of the definition', () => {
    expect(planCronJob(cronJob('jobs:9', 'jobs:8'), workloads, choice('0004')).facts).toMatchObject({
      rollBackTo: { image: 'jobs:8' },
    });
  });

  it('is missing, and said to be, where it shares none', () => {
    const planned = planCronJob(cronJob('jobs:9'), workloads, choice('0004'));
    expect(planned.facts).not.toHaveProperty('rollBackTo');
    expect(planned.notes[0]).toMatch(/hourly.*stay suspended/);
  });
});

describe('the image that downgrades', () => {
  it('is the first that holds the revision of the database: the older one cannot locate it', () => {
    expect(chosen(images.toReversed()).facts?.image).toBe('api:3');
  });

  it('is refused where none does, with what each one holds', () => {
    const refused = chosen([
      {
        image: 'api:3',
        workload: 'api',
        problem: { type: 'MigrationToolMissing', message: 'no module alembic' },
      },
      image('api:2', '0004'),
    ]);
    expect(refused.facts).toBeUndefined();
    expect(types(refused)).toEqual(['MigrationToolMissing']);
    expect(refused.faults[0]?.message).toMatch(
      /api:3: no module alembic[^]*api:2: its newest revision is 0004/,
    );
  });

  it('is refused where its env.py finds another database, or none', () => {
    expect(types(chosen(images, ['0004'], '0004'))).toEqual(['DatabaseInvalid']);
    const { current: _, ...inspection } = image('api:3', '0005').inspection ?? {
      heads: [],
      history,
    };
    const lost: SeenImage = {
      image: 'api:3',
      workload: 'api',
      inspection: { ...inspection, currentError: 'refused' },
    };
    expect(types(chosen([lost]))).toEqual(['MigrationsBroken']);
  });
});

describe('images worth a question', () => {
  it('are those named, then the releases of the workload that migrates, each once, at most four', () => {
    const long = [...releases, release(0, 'api:older')];
    expect(names([seen({}, { releases: long })])).toEqual(['api:3', 'api:2', 'api:1', 'api:0']);
    expect(names([seen()], { image: 'migrations:1' })).toEqual([
      'migrations:1',
      'api:3',
      'api:2',
      'api:1',
      'api:0',
    ]);
  });

  it('come first from the workload that migrates', () => {
    const other = seen({ deployment: 'worker' }, { image: 'worker:1', releases: [release(1, 'worker:1')] });
    expect(names([other, seen()])[0]).toBe('api:3');
  });
});
