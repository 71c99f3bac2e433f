import { perform } from '../../src/activities/activity-function.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assess } from '../../src/activities/assess/activity.ts';
import { downgrade } from '../../src/activities/downgrade/activity.ts';
import { takeSnapshot } from '../../src/activities/snapshot/activity.ts';
import { stopWrites } from '../../src/activities/stop-writes/activity.ts';
import { verify } from '../../src/activities/verify/activity.ts';
import { recordName, update } from '../../src/kubernetes/records.ts';
import { shortHash } from '../../src/domain/plan/hash.ts';
import type { Assessment, Plan } from '../../src/domain/plan/plan.ts';
import type { OperationRecord } from '../../src/domain/record.ts';
import type { MadeSnapshot } from '../../src/domain/snapshot.ts';
import { attempt, otherOperation } from './fixtures/activity-fixture.ts';
import { alembicFixture, type AlembicFixture } from './fixtures/alembic-fixture.ts';
import type { WaysBack } from '../../src/activities/downgrade/step.ts';
import { approvedAtDowngrade } from '../../src/activities/downgrade/step.ts';
import type { Backup } from '../../src/domain/backup.ts';
import type { StoppedWrites } from '../../src/activities/stop-writes/step.ts';

let fixture: AlembicFixture;
let plan: Plan;
let stopped: StoppedWrites;
let backup: Backup;
let snapshot: MadeSnapshot;

beforeAll(async () => {
  fixture = await alembicFixture();
});
afterAll(async () => {
  if (plan !== undefined) {
    const name = recordName(plan.database);
    await fixture.kubectl(
      '-n',
      fixture.dependencies.recordsNamespace,
      'delete',
      'configmap',
      name,
      '--ignore-not-found',
    );
  }
  await fixture?.remove();
});

const nothingElse = {
  rehearsal: { rehearsed: false, why: 'none' },
  salvage: { salvaged: [], lost: [], notes: [] },
} satisfies Partial<WaysBack>;
const assessed = (target: string, change: object = {}): Promise<Assessment> =>
  fixture.run(() => {
    const request = { service: 'fruit', target };
    const who = {
      kind: 'rollback' as const,
      operation: fixture.operation,
      workflowId: 'backstep-fruit',
      runId: 'run-1',
      onlyPlan: false,
    };
    return assess({ ...fixture.dependencies, ...attempt() }, { request, ...who, ...change });
  });
const moved = (tried: number, during = attempt(), change: Partial<{ approved: string }> = {}) => {
  const waysBack = { stopped, snapshot, backup, ...nothingElse };
  const approved = shortHash(approvedAtDowngrade(plan, waysBack));
  return perform(
    downgrade,
    { ...fixture.dependencies, ...during },
    { plan, try: tried, waysBack, approved, ...change },
  );
};
const verified = (tried: number) =>
  perform(
    verify,
    { ...fixture.dependencies, ...attempt() },
    { plan, try: tried, stopped, rehearsal: nothingElse.rehearsal },
  );
const other = () => ({ operation: otherOperation(plan.operation) });
const change = (how: (record: OperationRecord) => OperationRecord) =>
  update(
    fixture.dependencies.cluster,
    fixture.dependencies.recordsNamespace,
    plan.database,
    plan.operation,
    how,
  );
const jobs = async () =>
  (await fixture.kubectl('get', 'jobs', '-o', 'name')).split('\n').filter((name) => name !== '');
const revision = async () =>
  (await fixture.sql<{ version_num: string }>('SELECT * FROM alembic_version', plan.database.fencedName))[0]
    ?.version_num;

describe('assess', () => {
  test('pins the target, the image that downgrades and the release that fits, and leaves nothing behind', async () => {
    const answer = await assessed('-2');
    if (answer.kind !== 'planned') throw new Error(JSON.stringify(answer));
    plan = answer.plan;
    expect(plan).toMatchObject({
      from: 'c3',
      target: 'a1',
      migrationImage: fixture.images.new,
      people: 1,
      database: {
        name: fixture.database,
        fencedName: `${fixture.database}__backstep_${fixture.operation.slice(3)}`,
      },
      workloads: [
        {
          deployment: 'fruit',
          found: { replicas: 1, image: fixture.images.new },
          rollBackTo: { revision: 1, image: fixture.images.old },
        },
      ],
    });
    expect(plan.reverts.map((each) => each.revision)).toEqual(['c3', 'b2']);
    expect(answer.observations.counts).toMatchObject({ apples: 2, pears: 2, plums: 2 });
    expect(await jobs()).toEqual([]);
  });

  test('wants two people for base, and says that no release fits it', async () => {
    const answer = await assessed('base');
    expect(answer).toMatchObject({ kind: 'planned', plan: { target: 'base', people: 2 } });
    expect(answer).toMatchObject({
      observations: {
        notes: expect.arrayContaining([expect.stringMatching(/No release of Deployment fruit/)]) as string[],
      },
    });
  });

  test('finds an env.py that leads to another database than the definition', async () => {
    await fixture.kubectl(
      'set',
      'env',
      'deployment/fruit',
      'DATABASE_URL=postgresql+psycopg://nobody@127.0.0.1:9/other',
    );
    const answer = await assessed('-1');
    await fixture.kubectl('rollout', 'undo', 'deployment/fruit');
    expect(answer).toMatchObject({
      kind: 'refused',
      faults: [
        { type: 'MigrationsBroken', message: expect.stringMatching(/Alembic in .* DATABASE_URL/) as string },
      ],
    });
  });
});

describe('downgrade', () => {
  beforeAll(async () => {
    const input = { plan, try: 1, workflowId: 'backstep-fruit', runId: 'run-1', again: false };
    // Somebody's own index, which no migration knows.
    await fixture.sql('CREATE INDEX apples_by_hand ON apples (id DESC)');
    stopped = await perform(stopWrites, { ...fixture.dependencies, ...attempt() }, input);
    const found = await perform(takeSnapshot, { ...fixture.dependencies, ...attempt() }, { plan, try: 1 });
    if (!found.made) throw new Error(found.why);
    snapshot = found;
    const file = {
      file: 'dump',
      manifest: 'manifest',
      store: 'volume claim backstep-backups',
      format: 'custom' as const,
      bytes: 1,
      sha256: '0'.repeat(64),
    };
    const takenAt = new Date().toISOString();
    backup = {
      ...file,
      counts: stopped.counts,
      catalog: '0'.repeat(64),
      extensions: [],
      installed: [],
      takenAt,
      seconds: 1,
      client: '18',
      proof: 'read',
      keepUntil: takenAt,
    };
  });

  test('law 1: refuses without the backup in the record', async () => {
    await expect(moved(1)).rejects.toMatchObject({ type: 'BackupNotProved' });
    await change((record) => ({ ...record, backup }));
  });

  test('law 5: refuses another hash than that of this plan with these findings', async () => {
    await expect(moved(1, attempt(), { approved: '0123456789ab' })).rejects.toMatchObject({
      type: 'NotApproved',
    });
  });

  test('refuses where a writer reached the database after the backup', async () => {
    const breach = {
      at: new Date(Date.now() + 1_000).toISOString(),
      what: 'role app, "cron"',
      reachedDatabase: true,
    };
    await change((record) => ({ ...record, breaches: [breach] }));
    await expect(moved(1)).rejects.toMatchObject({
      type: 'WritesCameBack',
      message: expect.stringMatching(/cron/) as string,
    });
    await change((record) => ({ ...record, breaches: [] }));
    expect(await jobs()).toEqual([]);
  });

  test('a migration that fails is told, with the revision by SQL', async () => {
    const failed = moved(1);
    await expect(failed).rejects.toMatchObject({
      type: 'DowngradeFailed',
      message: expect.stringMatching(/c3\.py.*division by zero[^]*at c3, as before/) as string,
    });
    expect(await revision()).toBe('c3');
    await fixture.sql('UPDATE plums SET worm = false', plan.database.fencedName);
  });

  test('law 8: a worker dies in the middle; the next joins the same Job, and the database moved once', async () => {
    const worker = attempt();
    const first = moved(2, {
      ...worker,
      progress: ({ doing }) => {
        if (doing.includes('b2 -> a1')) worker.crash();
      },
    });
    await expect(first).rejects.toThrow('worker shut down');
    expect(await revision()).toBe('b2');
    expect(await moved(2)).toMatchObject({
      from: 'c3',
      to: 'a1',
      moved: true,
      job: `${plan.operation}-downgrade-2`,
    });
    expect(await moved(2)).toMatchObject({ moved: true });
    expect(await moved(3)).toMatchObject({ moved: false });
    expect(await jobs()).toEqual([1, 2].map((tried) => `job.batch/${plan.operation}-downgrade-${tried}`));
  });
});

describe('verify', () => {
  test('is content with what the migrations make; what somebody made by hand before is left and told', async () => {
    const found = await verified(1);
    expect(found).toMatchObject({ revision: 'a1', dropped: { pears: 2, plums: 2 }, counts: { apples: 2 } });
    expect(found.checked.join()).toMatch(/schema equal to a database built at a1/);
    expect(found.notVerified.join()).toMatch(/apples_by_hand/);
    expect(await fixture.databases()).toEqual([plan.database.fencedName, snapshot.database]);
  });

  test('names every difference: rows, objects left, objects missing', async () => {
    await fixture.sql(
      'DELETE FROM apples WHERE id = 1; CREATE TABLE pears (id int PRIMARY KEY); ALTER TABLE apples ADD rotten boolean',
      plan.database.fencedName,
    );
    const failure = (await verified(2).catch((error: unknown) => error)) as Error;
    expect(failure).toMatchObject({ type: 'VerificationFailed' });
    for (const words of [
      /apples: 2 rows after the stop, 1 now/,
      /table pears should not be there/,
      /column apples\.rotten/,
    ]) {
      expect(failure.message).toMatch(words);
    }
    expect(failure.message).not.toMatch(/by_hand/);
    expect(await fixture.databases()).toEqual([plan.database.fencedName, snapshot.database]);
  });
});

describe('law 6: assess and an operation that did not end', () => {
  test('a closed run is taken up, from and to where its record says', async () => {
    const answer = await assessed('-1', other());
    expect(answer).toMatchObject({
      kind: 'planned',
      plan: {
        from: 'c3',
        target: 'a1',
        takesUp: { operation: plan.operation, pivotPassed: true },
        database: { fencedName: plan.database.fencedName },
      },
    });
    expect(await jobs()).toHaveLength(2);
  });

  test('another target is refused', async () => {
    expect(await assessed('b2', other())).toMatchObject({
      kind: 'refused',
      faults: [{ type: 'UnfinishedOperation' }],
    });
  });
});
