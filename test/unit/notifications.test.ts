import { describe, expect, test } from 'vitest';
import type { Event } from '../../src/domain/journal/journal.ts';
import type { Outcome } from '../../src/domain/journal/outcome.ts';
import type { Answer, LeftBy } from '../../src/domain/leads-to.ts';
import { consequenceOf } from '../../src/views/facts.ts';
import { failures, fault } from '../../src/domain/failures.ts';
import { recipientsOf } from '../../src/views/recipients.ts';
import { serviceDefinition } from '../../src/domain/definition/service.ts';
import type { ServiceDefinitionSource } from '../../src/domain/definition/service.ts';
import { notificationOf } from '../../src/views/notification.ts';
import type { Notification } from '../../src/views/notification.ts';
import {
  done,
  gateOpened,
  gatePassed,
  hash,
  journalOf,
  situation,
  straight,
  subject,
} from '../example-journal.ts';
import { definitionSource, examplePlan, operation } from '../example-plan.ts';

const hold: Event = {
  kind: 'hold-opened',
  hold: 'verify-1',
  step: 'verify',
  fault: fault('VerificationFailed', 'Table papers has 9 rows, and not 10.'),
  decisions: ['retry', 'restore', 'abort'],
  byHand: [],
};
const decided: Event = { kind: 'hold-closed', hold: 'verify-1', decision: 'restore', by: 'ann' };
const escalated = { kind: 'escalated', to: 'DBA', why: 'Step verify failed 2 times.' } satisfies Event;
const ended = straight.at(-1) as Event;
const stopped = [...done('assess'), ...done('stop-writes')];

/** What an answer leads to while writes are stopped. */
const leads = (answer: Answer, pivotPassed = false) =>
  consequenceOf(answer, situation({ pivotPassed }), { from: '0005', target: '0004' }).consequence;

const atHold = (answer: 'retry' | 'restore' | 'abort') => leads({ hold: 'verify', answer }, true);

const definition = (changes: Partial<ServiceDefinitionSource> = {}) =>
  serviceDefinition.parse({ ...definitionSource(), ...changes });

const ref = { secret: 's', key: 'k' };
const channels = definition({
  notify: [
    { name: 'all', channel: 'slack', url: ref },
    { name: 'holds', channel: 'pagerduty', routingKey: ref, on: ['hold'] },
    { name: 'cto', channel: 'email', server: ref, from: 'a@b.test', to: ['c@b.test'], on: ['escalation'] },
    { name: 'end', channel: 'webhook', url: 'https://b.test', secret: ref, on: ['end'] },
  ],
  escalation: { path: ['DBA', { who: 'CTO', notify: ['end'], after: '5m' }] },
});

/** What is told of the last of these events. */
function notified(...events: Event[]): Notification | undefined {
  const journal = journalOf(...events);
  const entry = journal.at(-1);
  return entry && notificationOf(entry, subject(), journal);
}

/** Who is told of the last of these events. */
function recipients(...events: Event[]): string[] {
  const journal = journalOf(...events);
  const entry = journal.at(-1);
  const notification = entry && notificationOf(entry, subject(), journal);
  if (entry === undefined || notification === undefined) return [];
  return recipientsOf(entry, notification, journal, channels.notify).map(({ name }) => name);
}

/** What is wrong with a definition of these changes. */
const faults = (changes: object) =>
  serviceDefinition
    .safeParse({ ...definitionSource(), ...changes })
    .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);

describe('a notification', () => {
  test('of a gate asks the question, says what each answer leads to, until when, and how to see it', () => {
    expect(notified(...stopped, gateOpened)).toMatchObject({
      key: `${operation}-gate-downgrade-${hash}-opened`,
      incident: `${operation}-gate-downgrade-${hash}`,
      incidents: [`${operation}-gate-downgrade-${hash}`],
      kind: 'gate',
      state: 'needs-you',
      title: 'radar (0005 → 0004): Downgrade the database?',
      lines: [
        'Writes are stopped: the application is down.',
        'Gate downgrade waits for 2 different people.',
        `Approve: ${leads({ gate: 'downgrade', answer: 'approve' })}`,
        `Reject: ${leads({ gate: 'downgrade', answer: 'reject' })}`,
        expect.stringMatching(/^If not enough people approve, it expires .*04:00:00 UTC\. Nothing is rolled/),
        'Database: 0005 → 0004',
        `Plan ${hash}`,
      ],
      next: ['backstep status radar'],
    });
  });

  test('of a hold says the failure, its next move, what each decision leads to, and the related runbooks', () => {
    const plan = examplePlan({}, { relatedRunbooks: [{ title: 'Worker Failure', url: './WORKER.md' }] });
    const journal = journalOf(...stopped, ...done('downgrade'), hold);
    const entry = journal.at(-1);
    expect(entry && notificationOf(entry, subject(plan), journal)).toMatchObject({
      kind: 'hold',
      state: 'needs-you',
      title: 'radar (0005 → 0004): “Verify the rollback” failed. What should happen?',
      lines: [
        'Writes are stopped: the application is down.',
        'Table papers has 9 rows, and not 10.',
        `Next: ${failures.VerificationFailed.next}`,
        `Retry: ${atHold('retry')}`,
        `Restore (advised): ${atHold('restore')}`,
        `Abort: ${atHold('abort')}`,
        'VerificationFailed, hold verify-1',
        'Related runbook: Worker Failure, ./WORKER.md',
      ],
      next: ['backstep status radar'],
    });
  });

  test('carries no command that approves or decides: nobody answers what they have not seen', () => {
    for (const events of [[gateOpened], [hold], [escalated], [ended]])
      for (const command of notified(...stopped, ...events)?.next ?? [])
        expect(command).toMatch(/^backstep (status|report|acknowledge) radar( --watch)?$/);
  });

  test('says that a gate or hold is answered, and by whom, so that nobody else gets up for it', () => {
    expect(notified(...stopped, gateOpened, gatePassed)).toMatchObject({
      state: 'answered',
      title: 'radar (0005 → 0004): gate downgrade passed, approved by ann, bob',
    });
    expect(notified(...stopped, hold, decided)).toMatchObject({
      state: 'answered',
      title: 'radar (0005 → 0004): restore, decided by ann: Verify the rollback',
    });
  });

  test('of a gate or a hold that nobody answered asks for somebody, and says what happens now', () => {
    const expired = { ...gatePassed, verdict: 'expired', by: ['ann'] } as Event;
    expect(notified(...stopped, gateOpened, expired)).toMatchObject({
      state: 'needs-you',
      title: 'radar (0005 → 0004): gate downgrade expired: nobody answered in time; approved only by ann',
      lines: [leads({ gate: 'downgrade', answer: 'expire' })],
    });
    const givenUp: Event = { kind: 'hold-closed', hold: 'verify-1', decision: 'give-up', by: 'the budget' };
    expect(notified(...stopped, hold, givenUp)).toMatchObject({ state: 'needs-you' });
  });

  test('of the end asks for somebody while the application is down, or where nobody decided how it ended', () => {
    const putBack = [...stopped, ...done('put-back')];
    const state = (events: Event[], outcome: Outcome, leftBy?: LeftBy) =>
      notified(...events, { kind: 'ended', outcome, reason: 'r', ...(leftBy && { leftBy }) })?.state;
    expect(state(straight.slice(0, -1), 'rolled-back')).toBe('settled');
    expect(state(putBack, 'put-back', 'person')).toBe('settled');
    expect(state(putBack, 'put-back', 'nobody')).toBe('needs-you');
    expect(state(putBack, 'put-back', 'failure')).toBe('needs-you');
    expect(state(done('assess'), 'rejected', 'person')).toBe('settled');
    expect(state(done('assess'), 'rejected', 'nobody')).toBe('needs-you');
    expect(state(stopped, 'aborted', 'person')).toBe('needs-you');
    expect(notified(...stopped, { kind: 'ended', outcome: 'aborted', reason: 'r' })?.lines[0]).toContain(
      'DOWN',
    );
  });

  test('of a gate says which people the policy wants, and afterwards who broke the glass, and why', () => {
    expect(notified({ ...gateOpened, wants: { roles: ['dba'] } })?.lines).toContain(
      'Who approves must hold one of the roles: dba',
    );
    const alone = { ...gatePassed, by: ['ann'], breakGlass: true, reason: 'nobody answers' } as Event;
    expect(notified(alone)).toMatchObject({
      title: 'radar (0005 → 0004): gate downgrade passed by ann alone, who broke the glass',
      lines: ['Reason: nobody answers'],
    });
  });

  test('is not made of what wakes nobody: steps, single approvals, gates that no person had to pass', () => {
    const quiet: Event[] = [
      ...straight.filter(({ kind }) => kind.startsWith('step-') || kind === 'gate-approved'),
      { kind: 'gate-closed', gate: 'start', hash, verdict: 'passed-by-policy', by: [] },
      { kind: 'notified', to: 'all', what: 'w' },
      { kind: 'not-notified', to: 'all', what: 'w', why: 'y' },
    ];
    for (const event of quiet) expect(notified(event)).toBeUndefined();
  });

  test('has the same key for the same entry, and another for every other', () => {
    const onIt = { kind: 'acknowledged', by: 'ann' } as const;
    const climbed = [escalated, onIt, escalated, onIt];
    const entries = journalOf(gateOpened, gatePassed, hold, decided, ...climbed, ended);
    const keysOf = () =>
      entries.map((entry, at) => notificationOf(entry, subject(), entries.slice(0, at + 1))?.key);
    expect(new Set(keysOf()).size).toBe(entries.length);
    expect(keysOf()).toEqual(keysOf());
  });

  test('of an end without a plan asks for somebody: the alert that began it still stands', () => {
    const { plan: _, ...unplanned } = subject();
    const of = (event: Event) => {
      const journal = journalOf(event);
      return journal[0] && notificationOf(journal[0], unplanned, journal);
    };
    const reason = 'SecretMissing: a\nSecretMissing: b\n';
    expect(of({ kind: 'ended', outcome: 'rejected', reason })).toMatchObject({
      kind: 'end',
      state: 'needs-you',
      title: 'radar: refused, and nothing was touched',
      lines: ['SecretMissing: a', 'SecretMissing: b'],
      next: ['backstep status radar'],
    });
    expect(of({ kind: 'ended', outcome: 'nothing-to-do', reason: 'It is there.' })).toMatchObject({
      state: 'needs-you',
      title: 'radar: ended nothing-to-do',
    });
  });

  test('stays small whatever a failure says, for it is in the history once a channel', () => {
    const long = { ...hold, fault: fault('JobFailed', 'x\n'.repeat(5_000)) } as Event;
    expect(JSON.stringify(notified(long)).length).toBeLessThan(2_500);
  });
});

describe('a notification goes to', () => {
  test('whoever wants to know of it', () => {
    expect(recipients(gateOpened)).toEqual(['all']);
    expect(recipients(hold)).toEqual(['all', 'holds']);
    expect(recipients(ended)).toEqual(['all', 'end']);
  });

  test('of an escalation, whom its level names; all that are told of escalations, if it names nobody', () => {
    expect(recipients(escalated)).toEqual(['all', 'cto']);
    expect(recipients({ ...escalated, notify: ['end'] })).toEqual(['end']);
  });

  test('PagerDuty of a good end, where it was told of a question: it keeps that open', () => {
    expect(recipients(hold, ended)).toEqual(['all', 'holds', 'end']);
    expect(recipients(hold, { kind: 'ended', outcome: 'aborted', reason: 'r' })).toEqual(['all', 'end']);
  });

  test('that somebody is on it, and that it has ended, whom an escalation has reached', () => {
    const named = { ...escalated, notify: ['end'] } as Event;
    expect(recipients(named, { kind: 'acknowledged', by: 'ann' })).toEqual(['all', 'cto', 'end']);
    expect(recipients(escalated, ended)).toEqual(['all', 'cto', 'end']);
  });
});

describe('the definition', () => {
  test('has nobody told, a level each 15 minutes, and every occasion, if it says nothing', () => {
    expect(definition().notify).toEqual([]);
    expect(definition().escalation).toMatchObject({ attempts: 2, downFor: 7_200_000, every: 900_000 });
    expect(channels.notify[0]?.on).toEqual(['gate', 'hold', 'escalation', 'end']);
  });

  test('is refused where a level tells a channel that does not exist, or two channels have one name', () => {
    const slack = { name: 'ops', channel: 'slack', url: ref };
    expect(faults({ notify: [slack, slack] })).toEqual(['notify.1.name: "ops" is there already']);
    expect(faults({ escalation: { path: ['DBA', { who: 'CTO', notify: ['ops'] }] } })).toEqual([
      'escalation.path.1.notify: "ops" is no channel of notify',
    ]);
  });

  test('takes no secret itself: a webhook URL of Slack, a routing key or a password is a reference', () => {
    const wrong = [
      { name: 'a', channel: 'slack', url: 'https://hooks.slack.com/services/T/B/x' },
      { name: 'b', channel: 'pagerduty', routingKey: 'R0UT1NGK3Y' },
      { name: 'c', channel: 'webhook', url: 'https://b.test', secret: 'whsec_x' },
      { name: 'd', channel: 'email', server: 'smtps://u:p@h', from: 'a@b.test', to: ['a@b.test'] },
    ];
    expect(faults({ notify: wrong })?.map((said) => said.split(':')[0])).toEqual([
      'notify.0.url',
      'notify.1.routingKey',
      'notify.2.secret',
      'notify.3.server',
    ]);
  });
});
