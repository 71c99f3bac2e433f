import { perform } from '../../src/activities/activity-function.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lookAtCluster } from '../../src/probes/cluster.ts';
import { probeContext } from '../../src/activities/assess/activity.ts';
import { planPauses } from '../../src/probes/pauses.ts';
import type { ServerFacts } from '../../src/probes/server.ts';
import { guardWrites } from '../../src/activities/guard-writes/activity.ts';
import { putBack } from '../../src/activities/put-back/activity.ts';
import { startApp } from '../../src/activities/start-app/activity.ts';
import { stopWrites } from '../../src/activities/stop-writes/activity.ts';
import { poll } from '../../src/kubernetes/pause.ts';
import { byHand } from '../../src/views/by-hand.ts';
import { attempt, undoing, goesOn } from './fixtures/activity-fixture.ts';
import { managedFixture, migration, type ManagedFixture } from './fixtures/managed-fixture.ts';

let fixture: ManagedFixture;
beforeAll(async () => {
  fixture = await managedFixture('pauses');
});
afterAll(() => fixture.remove());

const none = new AbortController().signal;
const input = () => ({
  plan: fixture.plan,
  try: 1,
  workflowId: 'backstep-radar',
  runId: 'run-1',
  again: false,
});

/** What assess decides, and what it says, with the rights that there are. */
async function planned(owners: 'pause' | 'name' = 'pause') {
  const service = { ...fixture.plan.service, writes: { ...fixture.plan.service.writes, owners } };
  const { operation } = fixture.plan;
  const context = probeContext(
    { ...fixture.dependencies, ...attempt() },
    { service, operation, onlyPlan: false },
  );
  const seen = await lookAtCluster(context);
  if (seen.facts === undefined) throw new Error(JSON.stringify(seen.faults));
  const { name, owner, url, adminUrl } = fixture.postgres;
  const facts = { name, now: name, owner, applicationUrl: url, adminUrl } as ServerFacts;
  const { facts: pauses = [], notes, faults } = await planPauses(context, seen.facts, facts);
  return { pauses, notes: [...seen.notes, ...notes], faults: [...seen.faults, ...faults] };
}
const words = (pauses: { what: string }[]) => pauses.map(({ what }) => what).toSorted();

describe('assess', () => {
  test('finds by their marks what manages the workloads, and decides what is paused', async () => {
    const { pauses, notes, faults } = await planned();
    expect(faults).toEqual([]);
    expect(words(pauses)).toEqual([
      `Argo CD Application ${fixture.gitops}/apps`,
      `Argo CD Application ${fixture.gitops}/radar`,
      `Flux HelmRelease ${fixture.gitops}/daily`,
      `Flux Kustomization ${fixture.gitops}/hourly`,
      `KEDA ScaledJob ${fixture.namespace}/ingest`,
      `KEDA ScaledObject ${fixture.namespace}/api`,
      'Subscription feed_' + fixture.postgres.operation.slice(3),
    ]);
    expect(notes).toContain(
      'KEDA ScaledJob other is not in the definition: if it writes to the database, name it in writes.scaledJobs.',
    );
    expect(notes).toContainEqual(
      expect.stringMatching(/^Job upgrade migrates: its container job runs Alembic\./),
    );
    expect(notes).toContainEqual(
      expect.stringMatching(/^Job smoke migrates: it is a hook \(helm\.sh\/hook: post-upgrade\)\./),
    );
    expect(notes.join('\n')).not.toContain('Job innocent');
    fixture.plan.pauses = pauses;
  });

  test('names them only, where the definition or a missing right says so', async () => {
    const named = await planned('name');
    expect(words(named.pauses)).toEqual([expect.stringContaining('Subscription')]);
    expect(named.notes).toContainEqual(
      expect.stringMatching(
        /^Argo CD Application \S+\/radar is not paused \(writes\.owners: name\): .*brings the bad release back/,
      ),
    );
    await fixture.kubectl('-n', fixture.gitops, 'delete', 'rolebinding', 'backstep-owners');
    const without = await planned();
    expect(words(without.pauses)).toEqual([
      expect.stringContaining('ScaledJob'),
      expect.stringContaining('ScaledObject'),
      expect.stringContaining('Subscription'),
    ]);
    expect(without.notes).toContainEqual(
      expect.stringMatching(
        /^Deployment api is managed by applications \S+\/radar, which Backstep may not read/,
      ),
    );
    await fixture.grantOverOwners();
  });
});

describe('stop-writes', () => {
  test('pauses all of it, suspends what migrates, and records it first', async () => {
    await fixture.publish();
    const came = await poll(
      { every: 200, within: 20_000, signal: none },
      async () => (await fixture.news()) || undefined,
    );
    expect(came).toBe(1);
    const before = await fixture.clusterState();
    const stopped = await perform(stopWrites, { ...fixture.dependencies, ...attempt() }, input());
    expect(await fixture.clusterState()).toEqual({
      ...before,
      radar: null,
      apps: null,
      hourlySync: true,
      dailyRelease: true,
      scaledObject: 'true',
      scaledJob: 'true',
      migrating: { upgrade: true, smoke: true, innocent: false },
      subscription: false,
      state: ['api 0', 'daily true', 'hourly true'],
      database: fixture.postgres.fencedName,
    });
    // Nothing that knows the database by its OID writes either.
    await fixture.publish();
    const jobPods = await fixture.kubectl('get', 'pods', '-l', 'job-name in (upgrade,smoke)', '-o', 'name');
    expect(jobPods).toBe('');
    const recorded = (await fixture.record())?.stopped.paused ?? [];
    expect(stopped.paused).toEqual(recorded);
    expect(recorded.find(({ what }) => what.endsWith('/radar'))).toMatchObject({
      found: { prune: true, selfHeal: true },
      paused: null,
      until: 'person',
    });
    expect(await fixture.news()).toBe(1);
    expect(stopped.counts['news']).toBe(1);
    expect(words(recorded)).toContain(`Job ${fixture.namespace}/upgrade`);
  });

  test('the commands by hand undo what is paused, and warn of what brings the bad release back', async () => {
    const commands = byHand(fixture.plan, (await fixture.record())?.stopped.paused);
    expect(commands).toContain(
      `kubectl patch scaledobjects.keda.sh api -n ${fixture.namespace} --type=merge -p '{"metadata":{"annotations":{"autoscaling.keda.sh/paused":null}}}'`,
    );
    const at = commands.indexOf(
      `kubectl patch applications.argoproj.io radar -n ${fixture.gitops} --type=merge -p '{"spec":{"syncPolicy":{"automated":{"prune":true,"selfHeal":true}}}}'`,
    );
    expect(commands[at - 1]).toMatch(
      /^# Argo CD Application .*only once it no longer brings the bad release back$/,
    );
  });
});

describe('guard-writes', () => {
  test('pauses again what somebody resumes, and suspends a migration that somebody starts', async () => {
    const writeGuard = attempt();
    const kept = perform(guardWrites, { ...fixture.dependencies, ...writeGuard }, { plan: fixture.plan });
    // As a self-healing parent, KEDA and an impatient person would, again and again.
    const fights = [
      '{"spec":{"syncPolicy":{"automated":{"selfHeal":true}}}}',
      '{"spec":{"syncPolicy":{"automated":{}}}}',
    ];
    for (const body of fights) {
      await fixture.kubectl(
        '-n',
        fixture.gitops,
        'patch',
        'applications.argoproj.io',
        'radar',
        '--type=merge',
        '-p',
        body,
      );
      await fixture.kubectl('scale', 'deployment/api', '--replicas=2');
      const stopped = await poll({ every: 300, within: 20_000, signal: none }, async () =>
        (await fixture.clusterState()).radar === null && (await fixture.state())[0] === 'api 0'
          ? true
          : undefined,
      );
      expect(stopped).toBe(true);
    }
    await fixture.apply(migration('again', fixture.images.new));
    await fixture.sqlOnFenced(`ALTER SUBSCRIPTION feed_${fixture.postgres.operation.slice(3)} ENABLE`);
    const all = await poll({ every: 300, within: 30_000, signal: none }, async () => {
      const breaches = (await fixture.record())?.breaches ?? [];
      return breaches.some(({ what }) => what.startsWith('Job')) &&
        breaches.some(({ what }) => what.startsWith('Subscription'))
        ? breaches
        : undefined;
    });
    writeGuard.cancel();
    await kept;
    const seen = (all ?? []).map(({ what, reachedDatabase }) => `${what}: ${reachedDatabase}`);
    expect(seen.filter((each) => each.includes('Application'))).toHaveLength(2);
    expect(seen.filter((each) => each.startsWith('Deployment api was at 2 replicas'))).toHaveLength(2);
    expect(seen).toContain(`Job ${fixture.namespace}/again, which migrates, was running: false`);
    expect(seen).toContainEqual(expect.stringMatching(/^Subscription feed_\w+ was not paused: true$/));
    expect(await fixture.clusterState()).toMatchObject({
      radar: null,
      subscription: false,
      migrating: { again: true },
    });
    expect(words((await fixture.record())?.stopped.paused ?? [])).toContain(`Job ${fixture.namespace}/again`);
  });
});

describe('law 4: what was paused', () => {
  test('is as it was after put-back, whatever it held', async () => {
    const result = await perform(
      putBack,
      { ...fixture.dependencies, ...attempt() },
      { plan: fixture.plan, try: 1, ...undoing },
    );
    expect(result.notes).toBeUndefined();
    expect(await fixture.clusterState()).toEqual({
      ...fixture.before,
      migrating: { upgrade: false, smoke: false, innocent: false, again: false },
    });
    const caughtUp = await poll({ every: 200, within: 20_000, signal: none }, async () =>
      (await fixture.news()) > 1 ? true : undefined,
    );
    expect(caughtUp).toBe(true);
    expect(
      await perform(
        putBack,
        { ...fixture.dependencies, ...attempt() },
        { plan: fixture.plan, try: 1, ...undoing },
      ),
    ).toEqual(result);
  });

  test('stays paused after a start where it would bring the bad release back; the rest goes on', async () => {
    await fixture.kubectl('delete', 'job', 'upgrade', 'again', '--wait=true');
    await goesOn(fixture);
    await perform(stopWrites, { ...fixture.dependencies, ...attempt() }, input());
    await fixture.sqlOnFenced(`UPDATE alembic_version SET version_num = '0004'`);
    const started = await perform(
      startApp,
      { ...fixture.dependencies, ...attempt() },
      { plan: fixture.plan, try: 1 },
    );
    expect(words(started.staysPaused ?? [])).toEqual([
      expect.stringContaining('/apps'),
      expect.stringContaining('/radar'),
      expect.stringContaining('HelmRelease'),
      expect.stringContaining('Kustomization'),
      expect.stringMatching(/^Job .*\/again$/),
      expect.stringMatching(/^Job .*\/smoke$/),
      expect.stringMatching(/^Job .*\/upgrade$/),
    ]);
    expect(await fixture.clusterState()).toMatchObject({
      radar: null,
      apps: null,
      hourlySync: true,
      dailyRelease: true,
      scaledObject: null,
      scaledJob: null,
      subscription: true,
      migrating: { smoke: true, innocent: false },
    });
  });
});
