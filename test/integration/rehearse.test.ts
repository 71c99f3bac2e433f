import { activityContext } from '../../src/activities/context.ts';
import { perform } from '../../src/activities/activity-function.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assess } from '../../src/activities/assess/activity.ts';
import { signsOfRehearsal } from '../../src/probes/diagnosis/memory.ts';
import { rehearse } from '../../src/activities/rehearse/activity.ts';
import { verify } from '../../src/activities/verify/activity.ts';
import { readEvidence } from '../../src/activities/rehearsal/evidence.ts';
import type { Plan } from '../../src/domain/plan/plan.ts';
import type { Rehearsed } from '../../src/domain/rehearsal.ts';
import { attempt } from './fixtures/activity-fixture.ts';
import { findings } from '../example-plan.ts';
import { badDowngrades, alembicFixture, type AlembicFixture } from './fixtures/alembic-fixture.ts';

let fixture: AlembicFixture;
let plan: Plan;
let shallow: Plan;
let rehearsed: Rehearsed;
let everything: string;

const snapshot = { made: false, why: 'none' } as const;
const on = (of: Plan, tried: number, during = attempt()) =>
  perform(rehearse, { ...fixture.dependencies, ...during }, { plan: of, try: tried, snapshot });

/** All that there is of the database, so that nothing changes unseen. */
const contents = async () =>
  JSON.stringify([
    await fixture.databases(),
    await fixture.sql(
      'SELECT * FROM apples, pears, plums, quinces, alembic_version',
      plan.database.fencedName,
    ),
  ]);

beforeAll(async () => {
  fixture = await alembicFixture(badDowngrades);
  const planned = async (target: string) => {
    const request = { service: 'fruit', target };
    const who = {
      kind: 'rollback' as const,
      operation: fixture.operation,
      workflowId: 'backstep-fruit',
      runId: 'run-1',
      onlyPlan: false,
    };
    const answer = await fixture.run(() =>
      assess({ ...fixture.dependencies, ...attempt() }, { request, ...who }),
    );
    if (answer.kind !== 'planned') throw new Error(JSON.stringify(answer));
    return answer.plan;
  };
  plan = await planned('b2');
  shallow = await planned('c3');
  await activityContext({ ...fixture.dependencies, ...attempt() }, { plan }).fence.raise();
  everything = await contents();
});
afterAll(() => fixture?.remove());

describe('a downgrade that fails on the copy', () => {
  test('is told with Alembic’s own error, with what had been committed by then; the world is as before', async () => {
    const failure = (await on(plan, 1).catch((error: unknown) => error)) as Error;
    expect(failure).toMatchObject({ type: 'RehearsalFailed' });
    expect(failure.message).toMatch(/c3\.py:\d+: .*division by zero/);
    expect(failure.message).toMatch(/The copy was left changed.*it is at c3/);
    expect(failure.message).toMatch(/e5 had committed: DROP INDEX CONCURRENTLY quinces_ripe/);
    expect(await contents()).toBe(everything);
  });
});

const last = ({ service, database, from, target, migrationImage }: Plan) => {
  const of = { service: service.service, server: database.server, database: database.name, from, target };
  return signsOfRehearsal(fixture.dependencies.storage, of, migrationImage);
};

describe('a downgrade that works on the copy', () => {
  test('law 8: a worker dies in the middle; the next begins again', async () => {
    const worker = attempt();
    const first = on(shallow, 2, {
      ...worker,
      progress: ({ doing }) => {
        if (doing.includes('comparing every table')) worker.crash();
      },
    });
    await expect(first).rejects.toThrow('worker shut down');
    expect(await fixture.databases()).toContain(
      `${fixture.database}__rehearsal_${fixture.operation.slice(3)}`,
    );
    const found = await on(shallow, 2);
    if (!found.rehearsed) throw new Error(found.why);
    rehearsed = found;
    expect(rehearsed.seconds).toBeGreaterThan(0);
  });

  test('says what is lost, measured, and leaves the copy that shows which rows', async () => {
    expect(rehearsed.losses).toEqual([
      { kind: 'column', object: 'apples.colour', rows: 2, values: 2 },
      { kind: 'rows', object: 'apples', rows: 1 },
      { kind: 'table', object: 'quinces', rows: 1 },
    ]);
    expect(rehearsed.copy).toBe(`${fixture.database}__rehearsal_${fixture.operation.slice(3)}`);
    expect(await fixture.databases()).toEqual([plan.database.fencedName, rehearsed.copy]);
    expect(await fixture.sql('SELECT count(*)::int AS n FROM apples', rehearsed.copy)).toEqual([{ n: 1 }]);
    expect(rehearsed.counts).toMatchObject({ apples: 1, pears: 2, plums: 2, figs: 0 });
  });

  test('names the strongest lock on each relation, those of statements that commit by themselves too', async () => {
    const modes = Object.fromEntries(rehearsed.locks.map(({ relation, mode }) => [relation, mode]));
    expect(modes).toMatchObject({
      apples: 'AccessExclusiveLock',
      quinces: 'AccessExclusiveLock',
      alembic_version: 'RowExclusiveLock',
    });
    expect(Object.keys(modes)).not.toContain('pears');
  });

  test('shows the SQL that each way back ran', () => {
    const ran = Object.fromEntries((rehearsed.sql ?? []).map(({ revision, text }) => [revision, text]));
    expect(Object.keys(ran)[0]).toBe('f6');
    expect(ran['d4']).toBe('');
    expect(ran['e5']).toMatch(/^DROP INDEX CONCURRENTLY quinces_ripe;$/m);
  });

  test('says in words what changes in the schema', () => {
    expect(rehearsed.changes).toEqual(['drops table quinces', 'drops column apples.colour (text)']);
  });

  test('names a way back that does nothing, one that commits half-way, and one that reads the environment', () => {
    const said = rehearsed.warnings.join('\n');
    expect(said).toMatch(/^d4: its downgrade does nothing/m);
    expect(said).toMatch(/^e5: commits half-way \(.*DROP INDEX CONCURRENTLY/m);
    expect(said).toMatch(
      /^f6: reads the environment \((ORCHARD_STRICT, KEEP_COLOURS|KEEP_COLOURS, ORCHARD_STRICT)\)/m,
    );
    expect(said).toMatch(/^Commits after each migration/m);
    expect(said).toMatch(
      /not what the migrations make: table figs should not be there|table figs should not/m,
    );
    expect(said).not.toMatch(/^f6: (commits|its downgrade)/m);
    expect(said).not.toMatch(/DATABASE_URL/);
  });

  test('keeps the whole as evidence, by which it is known again', async () => {
    const file = await readEvidence(fixture.dependencies.storage, rehearsed.evidence);
    expect(rehearsed.evidence.ref).toBe(`${fixture.operation}/rehearsal-2.json`);
    expect(file.catalog.before.table['quinces']).toBeDefined();
    expect(file.catalog.after.table['quinces']).toBeUndefined();
    expect(file.output.join('\n')).toMatch(/Running downgrade f6 -> e5/);
    expect(file.losses).toEqual(rehearsed.losses);
  });

  test('how it ended is remembered for the next diagnosis, the failed one too', async () => {
    expect(await last(shallow)).toEqual([
      { symptom: 'rehearsed', evidence: expect.stringMatching(/^f6 → c3, .* works on a copy/) },
    ]);
    expect(await last(plan)).toEqual([
      { symptom: 'rehearsal-failed', evidence: expect.stringMatching(/division by zero/) },
    ]);
  });

  test('nothing is rehearsed where the definition says never', async () => {
    const service = { ...shallow.service, rehearsal: { use: 'never' as const } };
    expect(await on({ ...shallow, service }, 3)).toMatchObject({ rehearsed: false });
  });
});

describe('verify compares with the rehearsal', () => {
  const counts = { apples: 2, pears: 2, plums: 2, figs: 0, quinces: 1, alembic_version: 1 };
  const stopped = { ...findings['stop-writes'], counts };
  const verified = (said = attempt(), of = shallow) =>
    perform(
      verify,
      { ...fixture.dependencies, ...said },
      { plan: of, try: 1, stopped, rehearsal: rehearsed },
    );

  test('a database that went the same way is right, and no scratch database is needed', async () => {
    await fixture.sql(
      `DELETE FROM apples WHERE colour = 'brown'; ALTER TABLE apples DROP COLUMN colour; DROP TABLE quinces;
       UPDATE alembic_version SET version_num = 'c3'`,
      plan.database.fencedName,
    );
    const attempted = attempt();
    const found = await verified(attempted);
    expect(attempted.said.join()).not.toMatch(/empty database/);
    expect(found).toMatchObject({ revision: 'c3', dropped: { quinces: 1 }, counts: { apples: 1 } });
    expect(found.checked.join('\n')).toMatch(/schema equal to that of the rehearsed copy/);
    expect(found.notVerified.join('\n')).toMatch(/than the migrations make it, as rehearsed: table figs/);
  });

  test('a row or an object that is otherwise than rehearsed is named', async () => {
    await fixture.sql(
      'DELETE FROM pears WHERE id = 1; CREATE INDEX by_worm ON plums (worm)',
      plan.database.fencedName,
    );
    const failure = (await verified().catch((error: unknown) => error)) as Error;
    expect(failure).toMatchObject({ type: 'VerificationFailed' });
    expect(failure.message).toMatch(/index by_worm is there but was not expected .*unlike in the rehearsal/);
    expect(failure.message).toMatch(/pears: 1 rows now, 2 rows in the rehearsal, 2 after the stop/);
    await fixture.sql('INSERT INTO pears VALUES (1); DROP INDEX by_worm', plan.database.fencedName);
  });

  test('the service’s own checks: those that fail are named, one of a reverted revision is left out', async () => {
    const within = 5_000;
    const sql = [
      { name: 'pears are there', query: 'SELECT count(*) > 0 FROM pears', within },
      { name: 'no plums', query: 'SELECT FROM plums', within },
      { name: 'quinces', query: 'SELECT count(*) > 0 FROM quinces', within, since: 'd4' },
    ];
    const checked = (only: number) => ({
      ...shallow,
      service: { ...shallow.service, checks: { http: [], sql: sql.filter((_, at) => at !== only) } },
    });
    expect(shallow.reverts.map(({ revision }) => revision)).toContain('d4');
    expect((await verified(attempt(), checked(1))).checked).toContain('own check “pears are there”');
    const failure = (await verified(attempt(), checked(0)).catch((error: unknown) => error)) as Error;
    expect(failure).toMatchObject({
      type: 'VerificationFailed',
      message: expect.stringMatching(/^own check “no plums” found \(\), \(\)$/) as string,
    });
  });

  test('without the evidence that was approved, the migrations are asked instead', async () => {
    await fixture.dependencies.storage.put(rehearsed.evidence.ref, '{}');
    await expect(readEvidence(fixture.dependencies.storage, rehearsed.evidence)).rejects.toMatchObject({
      type: 'StorageFailed',
      message: expect.stringMatching(/not the one that was approved/) as string,
    });
    const failure = (await verified().catch((error: unknown) => error)) as Error;
    expect(failure.message).toMatch(/table figs should not be there/);
    expect(await fixture.databases()).toEqual([plan.database.fencedName, rehearsed.copy]);
  });
});
