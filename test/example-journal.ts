import type { Situation } from '../src/domain/leads-to.ts';
import type { Event, Journal } from '../src/domain/journal/journal.ts';
import { workflowIdOf } from '../src/domain/names.ts';
import { examplePlan, findings, hashOf, operation } from './example-plan.ts';
import { declaration } from '../src/activities/steps.ts';
import type { StepName } from '../src/activities/steps.ts';
import type { Subject } from '../src/views/progress.ts';

const start = Date.parse('2025-11-18T03:00:00.000Z');

/** Entries five seconds apart. */
export const journalOf = (...events: Event[]): Journal =>
  events.map((event, index) => ({ ...event, at: new Date(start + index * 5_000).toISOString() }));

/** A step that began and ended well, with what it finds when all is well or the changes given. */
export function done<S extends StepName>(step: S, found = findings[step], part?: string): Event[] {
  const of = { step, try: 1, ...(part !== undefined && { part }) };
  // Of what `assess` answers the journal keeps the observations.
  const output = step === 'assess' ? { kind: 'planned', observations: found } : found;
  const { summary } = declaration(step);
  return [
    { kind: 'step-began', ...of },
    { kind: 'step-ended', ...of, ...summary(output), found },
  ];
}

/** While writes are stopped, before the pivot of a rollback. */
export const situation = (changes: Partial<Situation> = {}): Situation => ({
  kind: 'rollback',
  writes: 'stopped',
  pivotPassed: false,
  takenUp: false,
  switched: false,
  onGiveUp: 'put-back',
  ...changes,
});

export const subject = (plan = examplePlan()): Subject => ({
  service: plan.service.service,
  operation,
  workflowId: workflowIdOf(plan.service.service),
  kind: plan.kind,
  plan,
  hash: hashOf(plan),
});

export const hash = '0123456789ab';
export const gateOpened = {
  kind: 'gate-opened',
  gate: 'downgrade',
  hash,
  people: 2,
  expiresAt: '2025-11-18T04:00:00.000Z',
  shows: ['Database: 0005 → 0004'],
} satisfies Event;
export const approvedBy = (by: string): Event => ({ kind: 'gate-approved', gate: 'downgrade', hash, by });
export const gatePassed: Event = {
  kind: 'gate-closed',
  gate: 'downgrade',
  hash,
  verdict: 'passed',
  by: ['ann', 'bob'],
};

/** The runbook in order, to its end. */
export const straight: Event[] = [
  ...done('assess'),
  ...done('stop-writes'),
  ...done('snapshot'),
  ...done('back-up'),
  ...done('rehearse'),
  ...done('salvage'),
  gateOpened,
  approvedBy('ann'),
  approvedBy('bob'),
  gatePassed,
  ...done('downgrade'),
  ...done('verify'),
  ...done('roll-back-app'),
  ...done('start-app'),
  ...done('resume-cron-jobs', findings['resume-cron-jobs'], 'hourly'),
  ...done('resume-cron-jobs', { ...findings['resume-cron-jobs'], name: 'daily' }, 'daily'),
  { kind: 'ended', outcome: 'rolled-back', reason: 'The database is at 0004, and the application runs.' },
];
