import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Means } from '../../src/activities/means.ts';
import { putBack } from '../../src/activities/put-back.ts';
import { stopWrites } from '../../src/activities/stop-writes.ts';
import type { Cluster } from '../../src/kubernetes/cluster.ts';
import { recordName } from '../../src/kubernetes/records.ts';
import { attempt, scene, type Scene } from './deeds-fixture.ts';
import { migration, subscribe } from './managed-fixture.ts';

let it: Scene;
let feed: Awaited<ReturnType<typeof subscribe>>;
let before: Awaited<ReturnType<typeof world>>;
beforeAll(async () => {
  it = await scene('deeds-crash', (source) => {
    source.writes = { gracePeriod: '6s', quietFor: '300ms' };
  });
  const name = `feed_${it.postgres.operation.slice(3)}`;
  feed = await subscribe(it, name);
  await it.apply(migration('upgrade', it.images.new));
  it.plan.pauses = [{ in: 'subscription', what: `Subscription ${name}`, name, until: 'start' }];
  before = await world();
});
afterAll(async () => {
  await feed.remove();
  await it.remove();
});

const input = () => ({ plan: it.plan, try: 1, workflowId: 'backstep-radar', runId: 'run-1', again: false });

/** Everything that stop-writes changes. */
async function world() {
  const suspended = await it.kubectl('get', 'job', 'upgrade', '-o', 'jsonpath={.spec.suspend}');
  return { state: await it.state(), suspended, ...(await feed.look()) };
}

/** The cluster as a process sees it that dies right after its k-th change: nothing is answered any more. */
function dyingAfter(k: number, die: () => void): { means: Means; last: () => string | undefined } {
  let changes = 0;
  let last: string | undefined;
  const dying = <T extends object>(api: T): T =>
    new Proxy(api, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]) => {
          if (last !== undefined) throw new Error('killed');
          const answer: unknown = await (value as (...all: unknown[]) => Promise<unknown>).apply(
            target,
            args,
          );
          if (!/^(create|patch|replace|delete)/.test(String(name))) return answer;
          changes += 1;
          if (changes < k) return answer;
          last ??= String(name);
          die();
          throw new Error('killed');
        };
      },
    });
  const { core, apps, batch, custom } = it.means.cluster;
  const cluster: Cluster = {
    ...it.means.cluster,
    core: dying(core),
    apps: dying(apps),
    batch: dying(batch),
    custom: dying(custom),
  };
  return { means: { ...it.means, cluster }, last: () => last };
}

/** Lets stop-writes die after its k-th change; answers with that change, undefined where it came to its end. */
async function crashAfter(k: number): Promise<string | undefined> {
  await it.kubectl(
    '-n',
    'backstep',
    'delete',
    'configmap',
    '--ignore-not-found',
    recordName(it.plan.database),
  );
  const worker = attempt();
  const { means, last } = dyingAfter(k, () => worker.crash());
  await stopWrites(means, input(), worker).catch((error: unknown) => {
    if (last() === undefined) throw error;
  });
  return last();
}

/** More than there are; the test says how many. */
const most = 30;

describe('law 4, law 8: stop-writes that dies after any single change', () => {
  test('is undone from the record: everything is as before', { timeout: 300_000 }, async () => {
    const changes: string[] = [];
    for (let k = 1; k <= most; k += 1) {
      const change = await crashAfter(k);
      await putBack(it.means, { plan: it.plan, try: 1 }, attempt());
      expect(await world(), `after change ${k}: ${change}`).toEqual(before);
      if (change === undefined) break;
      changes.push(change);
    }
    // Record, Deployment, two CronJobs, Job, the contents found; which of those at once comes first is chance.
    expect(changes.length).toBeGreaterThanOrEqual(6);
    expect(changes[0]).toBe('createNamespacedConfigMap');
    expect(changes.at(-1)).toBe('replaceNamespacedConfigMap');
  });

  test(
    'goes on where another worker runs it again, and is undone from the same record',
    { timeout: 300_000 },
    async () => {
      // Every second one: a crash before and one after each kind of change.
      for (let k = 2; k <= most; k += 2) {
        const change = await crashAfter(k);
        if (change === undefined) break;
        await stopWrites(it.means, input(), attempt());
        expect(await world(), `after change ${k}: ${change}`).toMatchObject({
          state: ['api 0', 'daily true', 'hourly true'],
          suspended: 'true',
          subscription: false,
          database: it.postgres.aside,
        });
        await putBack(it.means, { plan: it.plan, try: 1 }, attempt());
        expect(await world(), `after change ${k}: ${change}`).toEqual(before);
      }
    },
  );
});
