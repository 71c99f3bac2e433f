import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cluster, until } from '../../examples/cluster.ts';
import { job } from '../../examples/manifests.ts';
import { start } from './fixtures/workflow-run.ts';
import { openRecord, serviceState, type ServiceState } from './fixtures/service-state.ts';
import { installed, type Edit, type Installation } from './fixtures/installation.ts';
import { severalHeads, withoutAlembic } from './fixtures/variants/index.ts';

const cronJobs = ['arxiv-hourly', 'github-hourly', 'linking-daily', 'scoring-daily', 'opportunities-daily'];

describe('bad input is refused with every fault named, its next move, and nothing touched', () => {
  let here: Installation;
  let before: ServiceState;

  beforeAll(async () => {
    here = await installed({ name: 'input', broken: 'pipeline' });
    // The hourly ones would write between two looks at the world.
    await here.kubectl('patch', 'cronjob', ...cronJobs, '-p', '{"spec":{"suspend":true}}');
    before = await serviceState(here);
  });
  afterAll(() => here?.close());

  /** Starts, expects a refusal that says all of this, and an untouched world. */
  const refused = async (
    type: string,
    says: (string | RegExp)[],
    request: Record<string, unknown> = {},
    edit: Edit = () => {},
  ) => {
    here.define(edit);
    const failure = await (await start(here, request)).failure();
    expect(failure.type).toBe(type);
    for (const words of says) expect(failure.message).toMatch(words);
    expect(await serviceState(here)).toEqual(before);
    expect(await openRecord(here)).toBeUndefined();
    return failure.message;
  };
  const secret = (name: string, url: string) =>
    here.kubectl('create', 'secret', 'generic', name, `--from-literal=DATABASE_URL=${url}`);

  test('`backstep plan` tells the runbook’s decision with its evidence: the application is completely broken', async () => {
    here.define(() => {});
    const { stdout } = await here.backstep('plan', 'deeptech-radar');
    expect(stdout).toMatch(/Roll back, because the runbook names it: “Application completely broken”/);
    expect(stdout).toMatch(
      /For it: Deployment deeptech-api: .* ready; .*: not ready; last said: ERROR GET \/health: .*\(runbook: “Application completely broken”\)/,
    );
    expect(stdout).toMatch(/May be lost: table scores \([\d,]+ rows, none written after the migration\)/);
    expect(stdout).toMatch(/May be lost: column papers\.score \([\d,]+ values/);
    expect(stdout).toMatch(/until the rehearsal: changed by it as well: opportunities\.priority/);
    expect(stdout).not.toMatch(/Not looked at/);
    expect(await serviceState(here)).toEqual(before);
  });

  test('Scenario 1: “Target database is not up to date”: the migration never arrived, so a downgrade would revert a good one', async () => {
    here.define(() => {});
    await here.sql(`UPDATE alembic_version SET version_num = '0004'`);
    const cluster = await Cluster.of(here.lab);
    const command = ['alembic', 'check'];
    try {
      await cluster.create([
        job(here.radar.namespace, 'pipeline', here.radar.images.new, command, 'deeptech-database'),
      ]);
      await until('the pipeline to fail', 60, async () => {
        const { status } = await cluster.batch.readNamespacedJob({
          namespace: here.radar.namespace,
          name: 'pipeline',
        });
        return (status?.failed ?? 0) > 0;
      });
      const { stdout } = await here.backstep('plan', 'deeptech-radar');
      expect(stdout).toMatch(/Fix forward instead, because the migration never arrived/);
      expect(stdout).toMatch(
        /Can be fixed forward: the release that runs \(.*\) needs revision 0005, the database is at 0004/,
      );
      expect(stdout).toMatch(/To judge: log of pipeline-\w+: .*Target database is not up to date/);
    } finally {
      await cluster.deleteJob(here.radar.namespace, 'pipeline');
      await here.sql(`UPDATE alembic_version SET version_num = '0005'`);
    }
  });

  test('a request with unknown fields and a wrong target', () =>
    refused('InvalidRequest', [/target/, /colour/, /reason/], {
      target: 'rm -rf',
      colour: 'red',
      reason: 7,
    }));

  test('an unknown service: the known ones are named', async () => {
    const unknown = await start(here, { service: 'nobody' }, 'backstep-nobody');
    const failure = await unknown.failure();
    expect(failure.type).toBe('Refused');
    expect(failure.message).toMatch(/nobody/);
    expect(failure.message).toMatch(/deeptech-radar/);
  });

  test('malformed YAML: every fault with its line', async () => {
    const file = join(here.env['BACKSTEP_SERVICES'] ?? '', 'broken.yaml');
    writeFileSync(file, 'service: broken\nnamespace: Not_A_Namespace\nreplica: 3\nworkloads: []\n');
    const failure = await (await start(here, { service: 'broken' }, 'backstep-broken')).failure();
    expect(failure.type).toBe('Refused');
    for (const line of [2, 3, 4]) expect(failure.message).toContain(`broken.yaml:${line}`);
    const validate = await here.backstep('validate', file);
    expect(validate.exitCode).not.toBe(0);
    for (const line of [2, 3, 4]) expect(validate.stdout + validate.stderr).toContain(`broken.yaml:${line}`);
  });

  test('a target that does not exist', () =>
    refused('Refused', [/9999/, /0004/, /one of the revisions named/], { target: '9999' }));

  test('a target that lies ahead is no ancestor', async () => {
    await here.sql(`UPDATE alembic_version SET version_num = '0003'`);
    try {
      const failure = await (await start(here, { target: '0004' })).failure();
      expect(failure).toMatchObject({ type: 'Refused', message: expect.stringMatching(/0004/) as string });
    } finally {
      await here.sql(`UPDATE alembic_version SET version_num = '0005'`);
    }
  });

  test('a target already reached ends well and says that there is nothing to do', async () => {
    here.define(() => {});
    const result = await (await start(here, { target: '0005' })).result();
    expect(result.outcome).toBe('nothing-to-do');
    expect(await serviceState(here)).toEqual(before);
  });

  test('a database that cannot be reached', async () => {
    await secret('nowhere', 'postgresql://app:hidden-word@127.0.0.1:9/app');
    await refused('Refused', [/127\.0\.0\.1/, /PostgreSQL/], {}, (definition) => {
      definition.database.url = { secret: 'nowhere', key: 'DATABASE_URL' };
      definition.database.admin = { secret: 'nowhere', key: 'DATABASE_URL' };
    });
  });

  test('law 9: a wrong password is named as one, and not shown', async () => {
    const url = new URL(here.radar.adminUrl);
    url.password = 'hidden-word';
    await secret('wrong-password', url.href);
    const message = await refused('Refused', [/wrong-password/], {}, (definition) => {
      definition.database.admin = { secret: 'wrong-password', key: 'DATABASE_URL' };
    });
    expect(message).not.toContain('hidden-word');
  });

  test('a missing Deployment, CronJob, Secret, claim and table: all in one refusal', () =>
    refused('Refused', [/no-deployment/, /no-cron-job/, /no-claim/, /no_table/], {}, (definition) => {
      definition.workloads.push({ deployment: 'no-deployment', replicas: 1 });
      definition.cronJobs = [...(definition.cronJobs ?? []), { name: 'no-cron-job' }];
      definition.backup.claim = 'no-claim';
      definition.database.tables.push('no_table');
    }));

  test('a right missing in PostgreSQL', async () => {
    const admin = new URL(here.radar.adminUrl).username;
    await here.sql(`ALTER ROLE "${admin}" NOCREATEDB`);
    try {
      await refused('Refused', [/CREATEDB/]);
    } finally {
      await here.sql(`ALTER ROLE "${admin}" CREATEDB`);
    }
  });

  test('a right missing in Kubernetes', async () => {
    const role = JSON.parse(await here.kubectl('get', 'role', 'backstep', '-o', 'json')) as {
      rules: { resources: string[] }[];
    };
    const less = {
      ...role,
      rules: role.rules.filter((rule) => !rule.resources.some((name) => name.startsWith('cronjobs'))),
    };
    const file = join(here.site.directory, 'role.json');
    const apply = async (content: object) => {
      writeFileSync(file, JSON.stringify(content));
      await here.kubectl('replace', '--force', '-f', file);
    };
    await apply(less);
    try {
      await refused('Refused', [/cronjobs/, /rbac/]);
    } finally {
      await apply(role);
    }
  });

  test('a run time-out is refused: it would end without compensation', async () => {
    const started = here.temporal(
      'workflow',
      'execute',
      '--type',
      'rollback',
      '-w',
      'backstep-deeptech-radar',
      '--task-queue',
      'backstep',
      '--run-timeout',
      '1h',
      '--input',
      '{"service":"deeptech-radar"}',
    );
    await expect(started).rejects.toThrow(/time-?out/i);
  });
});

describe('migrations that cannot be rolled back by themselves', () => {
  let here: Installation | undefined;
  afterAll(() => here?.close());

  test('several heads are refused and named', async () => {
    here = await installed({
      name: 'heads',
      install: { images: { new: severalHeads } },
      broken: { target: 'heads' },
    });
    const failure = await (await start(here)).failure();
    expect(failure.type).toBe('Refused');
    expect(failure.message).toMatch(/0005b/);
    await here.close();
  });

  test('an image without Alembic is refused', async () => {
    here = await installed({ name: 'no-alembic', install: { images: { new: withoutAlembic } } });
    const failure = await (await start(here)).failure();
    expect(failure.type).toBe('Refused');
    expect(failure.message).toMatch(/Alembic/);
  });
});
