import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ClientError } from '../../src/client.ts';
import type { Backstep, Status } from '../../src/client.ts';
import { standingOf, headline } from '../../src/gateway/page/headline.ts';
import { holdCard } from '../../src/gateway/page/hold.ts';
import { versionOf } from '../../src/gateway/page/parts.ts';
import { runbooks } from '../../src/gateway/page/runbooks.ts';
import type { View } from '../../src/gateway/page/view.ts';
import { Watch } from '../../src/gateway/page/watch.ts';
import { planCard, rehearsalCard, steps, work } from '../../src/gateway/page/cards.ts';
import { fault } from '../../src/domain/failures.ts';
import type { Event } from '../../src/domain/journal/journal.ts';
import { reportOf } from '../../src/views/report/report.ts';
import { done, gateOpened, journalOf, straight, subject } from '../example-journal.ts';
import { examplePlan, findings, hashOf, observations } from '../example-plan.ts';
import { progressOf } from '../../src/views/progress.ts';

const began = Date.parse('2025-11-18T03:00:00.000Z');
const session = {
  person: { name: 'ada', roles: ['dba'], method: 'token' as const },
  csrf: 'the word of this session',
};

function viewOf(events: Event[], changes: Partial<Status> = {}, plan = examplePlan()): View {
  const journal = journalOf(...events);
  const of = subject(plan);
  return {
    service: 'radar',
    status: {
      service: 'radar',
      workflowId: 'backstep-radar',
      runId: 'run',
      state: 'RUNNING',
      startedAt: new Date(began).toISOString(),
      atWork: [],
      progress: progressOf(journal, of),
      ...changes,
    },
    plan: { plan, hash: hashOf(plan), observations },
    report: reportOf(journal, of),
    expected: { 'back-up': 60_000 },
  };
}

/** What stands on the page, without its markup. */
const textOf = (markup: string) =>
  markup
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll('&quot;', '"')
    .replaceAll(/\s+/g, ' ');

const stopped = [...done('assess'), ...done('stop-writes')];
const backingUp: Event[] = [...stopped, { kind: 'step-began', step: 'back-up', try: 1 }];

describe('what the page says', () => {
  it('how long the step takes and usually takes, how far it is, and of what', () => {
    const latest = { doing: 'dumps papers', done: 320e6, of: 812e6, unit: 'bytes' };
    const view = viewOf(backingUp, { atWork: [{ step: 'back-up', attempt: 1, startedAt: '', latest }] });
    const markup = String(work(view, began + 50_000));
    expect(textOf(markup)).toContain('Now: Back the database up');
    expect(textOf(markup)).toMatch(/At work for 30 s , usually 60 s.*dumps papers: 320\.0 MB of 812\.0 MB/);
    expect(markup).toContain('<progress max="812000000" value="320000000"');
  });

  it('who still lives while writes are being stopped', () => {
    const alive = ['pod radar-api-1', 'session pid 4711, role radar, "api"'];
    const latest = { doing: 'waits for pods and Jobs to end', done: 2, unit: 'pods', alive };
    const view = viewOf([...done('assess'), { kind: 'step-began', step: 'stop-writes', try: 1 }], {
      atWork: [{ step: 'stop-writes', attempt: 1, startedAt: '', latest }],
    });
    for (const each of alive) expect(textOf(work(view, began))).toContain(each);
  });

  it('how long writes have been stopped, and how much of the outage budget is left', () => {
    const view = viewOf(backingUp);
    const shown = textOf(headline(view, session, began + 130_000));
    expect(shown).toContain(
      'Writes are stopped for 2 min 00 s ; the outage budget of 2 h 00 min is used up in 1 h 58 min (05:00:10 UTC)',
    );
    const over = textOf(headline(view, session, began + 8 * 3_600_000));
    expect(over).toContain('the outage budget of 2 h 00 min was used up at 05:00:10 UTC');
  });

  it('the source of a downgrade first, and the SQL that ran on the copy as soon as it did', () => {
    const before = viewOf(done('assess'));
    before.plan!.observations = {
      ...observations,
      downgrades: [{ revision: '0005', text: 'op.drop_table("scores")' }],
    };
    expect(textOf(planCard(before))).toContain('op.drop_table("scores")');
    expect(String(planCard(before)), 'open at first, for it fits on a screen').toMatch(
      /<details data-key="revert-\w+" open>/,
    );
    const sql = [{ revision: '0005', text: 'DROP TABLE scores;', more: 40 }];
    const after = viewOf([...stopped, ...done('rehearse', { ...findings.rehearse, sql } as never)]);
    expect(textOf(planCard(after))).toMatch(
      /SQL, as it ran on the copy: DROP TABLE scores; 40 characters more/,
    );
  });

  it('of every loss whether it is kept', () => {
    const { rehearse, salvage: saved } = findings;
    const salvage = { ...saved, lost: rehearse.rehearsed ? rehearse.losses.slice(1) : [] };
    const shown = textOf(
      rehearsalCard(viewOf([...stopped, ...done('rehearse'), ...done('salvage', salvage)])),
    );
    expect(shown).toMatch(/scores saved Table dropped 7/);
    expect(shown).toMatch(/papers\.score lost Column dropped 100 60/);
  });

  it('at a hold what failed, the next move, each decision with what it does, and the runbooks', () => {
    const plan = examplePlan(
      {},
      { relatedRunbooks: [{ title: 'Worker Failure', url: 'https://wiki/worker' }] },
    );
    const failed = fault('VerificationFailed', 'Table papers holds 88 rows.');
    const held = { kind: 'hold-opened', hold: 'verify-1', step: 'verify', fault: failed } as const;
    const events: Event[] = [
      ...straight.slice(0, 18),
      { ...held, decisions: ['retry', 'restore', 'abort'], byHand: ['psql -c …'] },
    ];
    const view = viewOf(events, {}, plan);
    expect(view.status!.progress!.situation.pivotPassed).toBe(true);
    const shown = textOf(holdCard(view, view.status!.progress!.hold!, session, began));
    for (const part of ['VerificationFailed', 'holds 88 rows', 'Retry', 'Restore', 'Abort', 'Worker Failure'])
      expect(shown).toContain(part);
    expect(shown).toContain('It ends with writes stopped');
  });

  it('a step that a terminated run left running is not shown as running', () => {
    const view = viewOf(backingUp, { state: 'TERMINATED', endedAt: new Date(began + 60_000).toISOString() });
    expect(standingOf(view)).toEqual({ kind: 'bad', title: 'terminated' });
    expect(String(steps(view, began))).not.toContain('class="running"');
    expect(work(view, began)).toBe('');
  });

  it('a runbook that is no web address is named and leads nowhere', () => {
    const markup = String(runbooks([{ title: 'Evil', url: 'javascript:alert(1)' }]));
    expect(markup).not.toContain('<a ');
    expect(textOf(markup)).toContain('Evil (javascript:alert(1))');
  });
});

/** A client whose Temporal is there, and whose rollback stands as `progress` says. */
const answering = (progress: () => Promise<Status | undefined>, plan: View['plan'] = null): Backstep =>
  ({
    temporal: {
      options: { namespace: 'default' },
      connection: {
        withDeadline: async (_: number, ask: () => unknown) => ask(),
        workflowService: { describeNamespace: () => ({}) },
      },
    },
    progress,
    pinnedPlan: async () => plan,
    report: async () => undefined,
    expected: async () => ({}),
  }) as unknown as Backstep;

describe('news', () => {
  it('clocks alone are none: the browser counts them itself', () => {
    const at = (now: number) => headline(viewOf(backingUp), session, began + now);
    expect(String(at(60_000))).not.toBe(String(at(61_000)));
    expect(versionOf(at(60_000))).toBe(versionOf(at(61_000)));
    const held = viewOf([...stopped, gateOpened]);
    expect(versionOf(at(60_000))).not.toBe(versionOf(headline(held, session, began)));
  });

  it('are looked for once, however many watch, and not at all where nobody does', async () => {
    let asked = 0;
    const { status } = viewOf(backingUp);
    const backstep = answering(async () => {
      asked += 1;
      return status;
    });
    const watch = new Watch(backstep);
    const leaving = new AbortController();
    const seen = await Promise.all(
      Array.from({ length: 20 }, async () => {
        for await (const view of watch.follow('radar', leaving.signal)) return view;
        return undefined;
      }),
    );
    expect(seen.every((view) => view?.status === status)).toBe(true);
    expect(asked).toBeLessThanOrEqual(2);
    leaving.abort();
    expect(watch.viewers).toBe(0);
    await pause(1_200);
    const before = asked;
    await pause(1_200);
    expect(asked).toBe(before);
  });

  it('where Temporal is away the page keeps what it knew, and says so', async () => {
    let away = false;
    const { status, plan } = viewOf(backingUp);
    const backstep = answering(async () => {
      if (away) throw new ClientError('unreachable', 'Temporal cannot be reached.', 'Check it.');
      return status;
    }, plan);
    const leaving = new AbortController();
    const seen: View[] = [];
    for await (const view of new Watch(backstep).follow('radar', leaving.signal)) {
      seen.push(view);
      away = true;
      if (view.trouble) leaving.abort();
    }
    expect(seen.at(-1)).toMatchObject({ status, plan, trouble: { message: 'Temporal cannot be reached.' } });
  });
});
