import { perform } from '../../src/activities/activity-function.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import type { Planned, StepActivity } from '../../src/activities/activity-function.ts';
import { guardWrites } from '../../src/activities/guard-writes/activity.ts';
import { activityContext, type Dependencies } from '../../src/activities/context.ts';
import { raise, state } from '../../src/postgres/fence.ts';
import { quoted, withClient, type Client } from '../../src/postgres/connect.ts';
import { Failure, failures, type FailureType } from '../../src/domain/failures.ts';
import { shortHash } from '../../src/domain/plan/hash.ts';
import { siblingName, type OperationId } from '../../src/domain/names.ts';
import type { RollbackPlan } from '../../src/domain/plan/plan.ts';
import { directory as storageIn } from '../../src/storage/storage.ts';
import { fakeCluster } from '../fake-cluster.ts';
import { did, Died, Life, outside } from './faults.ts';
import type { History } from './history.ts';
import { podsOf } from './jobs.ts';
import { service, sqlalchemyUrl, type Place } from './migrations.ts';
import type { Case } from './model.ts';
import { asAdmin, look, on, recordOf, type Rollback } from './rollback.ts';
import { someRows, value } from './schema.ts';
import type { Input, Output } from '../../src/activities/steps.ts';

const image = 'property:new';

export function operationOn(place: Place, it: Case, name: string, history: History): Rollback {
  const { surroundings, directory } = place;
  const app = { app: 'property' };
  const template = { metadata: { labels: app }, spec: { containers: [{ name: 'app', image }] } };
  const deployment = {
    metadata: { name: 'property' },
    spec: { replicas: 1, selector: { matchLabels: app }, template },
  };
  const secrets = {
    app: { url: sqlalchemyUrl(surroundings.url(name)) },
    admin: { url: surroundings.adminUrl },
  };
  const pods = podsOf(() => of);
  const { cluster } = fakeCluster({ deployments: [deployment], secrets }, pods, did);
  const of: Rollback = {
    surroundings,
    directory,
    it,
    name,
    history,
    failed: [],
    dependencies: {
      cluster,
      recordsNamespace: 'backstep',
      storage: storageIn(join(directory, 'kept')),
    } as Dependencies,
    plan: planOf(name, surroundings.owner, history, `bs-${shortHash([name, 1]).slice(0, 8)}`),
    life: lifeOf(it),
    forGood: it.breakage.includes('for good'),
    unbroken: new Set(),
    before: { rows: {}, behind: [], whole: {} },
  };
  return of;
}

const lifeOf = ({ breakage, crash }: Case): Life =>
  breakage.startsWith('worker dies')
    ? new Life(crash)
    : breakage === 'worker is cut off'
      ? new Life(crash, 'is cut off')
      : new Life();

const planOf = (name: string, owner: string, history: History, operation: OperationId): RollbackPlan => ({
  operation,
  kind: 'rollback',
  service,
  request: { service: service.service, target: history.target },
  database: {
    server: '1',
    serverMajor: 18,
    name,
    owner,
    role: owner,
    fencedName: siblingName(name, 'backstep', operation),
  },
  from: history.from,
  target: history.target,
  reverts: ['three', 'two'].map((revision) => ({ revision, parents: [], message: '', path: '' })),
  migrationImage: image,
  jobImage: 'backstep-job',
  workloads: [{ deployment: 'property', found: { replicas: 1, image }, wanted: { replicas: 1 } }],
  cronJobs: [],
  pauses: [],
  people: 1,
});

const attempt = () => {
  const end = new AbortController();
  const log = { info: () => {}, warn: () => {} };
  return {
    signal: end.signal,
    cancelRequested: () => true,
    progress: () => {},
    log,
    cancel: () => end.abort(new Error('cancelled')),
  };
};

/** The worker died, and its workflow was terminated: another operation takes its record up. */
export class LeftBehind extends Error {}

/**
 * Runs an activity as Temporal does: what may mend by itself is tried again, and after a worker that died comes another.
 *
 * @throws Failure of the activity, LeftBehind
 */
export async function act<S extends Planned>(
  of: Rollback,
  activity: StepActivity<S>,
  input: Omit<Input<S>, 'plan'>,
  plan = of.plan,
): Promise<Output<S>> {
  for (let left = 4; ; left--) {
    const asked = { plan, ...input } as unknown as Input<S>;
    const context = () => activityContext<Input<S>['plan']>({ ...of.dependencies, ...attempt() }, asked);
    const once = () => of.life.live(() => activity(context(), asked));
    try {
      const answer = await once();
      return of.it.breakage === 'every step twice' ? await once() : answer;
    } catch (error) {
      const hit = of.life.hit;
      if (hit) {
        of.failed.push(`${of.it.breakage}: ${error instanceof Failure ? error.type : 'dead'}`);
        of.life = new Life();
      }
      if (error instanceof Died && of.forGood) throw new LeftBehind();
      const mends = error instanceof Failure ? failures[error.type].retry : hit;
      if (!mends || left === 0) throw error;
    }
  }
}

/** As `act`; at a failure of these types a person says `retry`. */
export async function held<S extends Planned>(
  of: Rollback,
  activity: StepActivity<S>,
  input: Omit<Input<S>, 'plan' | 'try'>,
  types: readonly FailureType[],
): Promise<Output<S>> {
  for (let tried = 1; ; tried++) {
    try {
      return await act(of, activity, { ...input, try: tried } as unknown as Omit<Input<S>, 'plan'>);
    } catch (error) {
      if (!(error instanceof Failure && types.includes(error.type)) || tried === 3) throw error;
      of.failed.push(`${of.it.breakage}: ${error.type}`);
    }
  }
}

/** Keeps writes stopped beside the steps until it is ended. */
export function writeGuard(of: Rollback): { end(): Promise<void> } {
  const its = attempt();
  const { plan } = of;
  const kept = outside(() => perform(guardWrites, { ...of.dependencies, ...its }, { plan }));
  kept.catch(() => {});
  return {
    end: async () => {
      its.cancel();
      await kept;
    },
  };
}

/** Some values are others afterwards, as many rows and the same schema; told by what it answers. */
export async function somebodyWrites(of: Rollback, client: Client): Promise<void> {
  for (const shape of of.history.schema.shapes)
    for (const column of shape.columns)
      for (const salt of [1, 2, 3]) {
        const name = quoted(column.name);
        const wanted = value(column, 1, salt);
        const { rowCount } = await client
          .query(
            `UPDATE ${quoted(shape.name)} SET ${name} = ${wanted} WHERE ctid IN ${someRows(shape, 1)} AND ${name} IS DISTINCT FROM ${wanted}`,
          )
          .catch(() => ({ rowCount: 0 }));
        if (rowCount) return;
      }
}

/** Somebody who knows the name writes, and stays until he is thrown out. */
export async function breach(of: Rollback): Promise<void> {
  const url = of.surroundings.url(of.plan.database.fencedName);
  const stays = withClient(url, { operation: 'somebody' }, async (client) => {
    await somebodyWrites(of, client);
    for (;;) {
      await client.query('SELECT');
      await sleep(30);
    }
  });
  await stays.catch(() => {});
  of.before = await look(of, of.plan.database.fencedName);
}

/** What `assess` finds: the record of the operation before, whose names stay, and a fence that is half up. */
export async function takeUp(of: Rollback): Promise<void> {
  const record = await recordOf(of);
  const operation: OperationId = `bs-${shortHash([of.name, 2]).slice(0, 8)}`;
  const pivotPassed = record?.pivotAt !== undefined;
  const names = record?.database ?? of.plan.database;
  const found = await asAdmin(of, async (admin) => {
    if ((await state(admin, names)) === 'half') await raise(admin, names);
    return (await state(admin, names)) === 'up' ? names.fencedName : names.name;
  });
  if (of.it.breakage.endsWith('somebody writes') && !pivotPassed) {
    await on(of, found, (client) => somebodyWrites(of, client));
    of.before = await look(of, found);
  }
  const fencedName = record === undefined ? siblingName(of.name, 'backstep', operation) : names.fencedName;
  of.plan = {
    ...of.plan,
    operation,
    database: { ...of.plan.database, fencedName },
    ...(record && { takesUp: { operation: record.operation, pivotPassed } }),
  };
}
