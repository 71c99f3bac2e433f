import type { PlanKind } from './plan/plan.ts';

/** What a person can answer at a hold. */
export type Decision = 'retry' | 'skip' | 'restore' | 'abort';

/**
 * What follows when a step fails: `refuse` ends with nothing touched; `put-back` undoes what was stopped;
 * `hold` waits for a decision with writes as they are; `report` says it and goes on.
 */
export type OnFailure = 'refuse' | 'put-back' | 'hold' | 'report';

export interface Step {
  title: string;
  /** Where the runbook describes it. */
  section: string;
  onFailure: OnFailure;
  decisions: readonly Decision[];
  /** Version that brought the step; a run that began before it goes on without. */
  since?: string;
  /** Longest time of one attempt, and of silence between heartbeats; milliseconds. */
  timeouts: { attempt: number; heartbeat: number };
}

const minutes = (count: number) => count * 60_000;
/** The boundary beats every second; a worker that was killed is noticed after this long. */
const heartbeat = 5_000;

/** The steps, each declared once: activity type = file name = step name = what progress and report show. */
export const steps = {
  assess: {
    title: 'Assess: pin the plan, prove every right',
    section: 'Pre-Rollback Checklist; Step 3',
    onFailure: 'refuse',
    decisions: [],
    // An emergency restore reads the whole of what it restores from.
    timeouts: { attempt: minutes(2 * 60), heartbeat },
  },
  'stop-writes': {
    title: 'Stop write operations',
    section: 'Step 1: Stop Write Operations',
    onFailure: 'put-back',
    decisions: [],
    timeouts: { attempt: minutes(15), heartbeat },
  },
  'guard-writes': {
    title: 'Keep writes stopped',
    section: 'Step 1: Stop Write Operations',
    onFailure: 'report',
    decisions: [],
    timeouts: { attempt: minutes(7 * 24 * 60), heartbeat },
  },
  snapshot: {
    title: 'Make a snapshot',
    section: 'Step 2: Create Database Backup',
    onFailure: 'hold',
    decisions: ['retry', 'abort'],
    since: '0.2.0',
    timeouts: { attempt: minutes(12 * 60), heartbeat },
  },
  'back-up': {
    title: 'Back the database up, and prove the backup',
    section: 'Step 2: Create Database Backup',
    onFailure: 'hold',
    decisions: ['retry', 'abort'],
    timeouts: { attempt: minutes(12 * 60), heartbeat },
  },
  rehearse: {
    title: 'Rehearse the downgrade on a copy',
    section: 'Pre-Rollback Checklist: Test rollback in staging first',
    onFailure: 'hold',
    decisions: ['retry', 'abort'],
    since: '0.2.0',
    timeouts: { attempt: minutes(12 * 60), heartbeat },
  },
  'rehearse-live': {
    title: 'Rehearse the downgrade on a copy of the live database',
    section: 'Prevention: Test rollback as part of migration testing',
    onFailure: 'report',
    decisions: [],
    timeouts: { attempt: minutes(12 * 60), heartbeat },
  },
  salvage: {
    title: 'Keep what the downgrade would destroy',
    section: 'When to Rollback: Data has been written that depends on new schema',
    onFailure: 'hold',
    decisions: ['retry', 'skip', 'abort'],
    since: '0.2.0',
    timeouts: { attempt: minutes(12 * 60), heartbeat },
  },
  downgrade: {
    title: 'Execute the downgrade',
    section: 'Step 4: Execute Rollback',
    onFailure: 'hold',
    decisions: ['retry', 'restore', 'abort'],
    timeouts: { attempt: minutes(12 * 60), heartbeat },
  },
  verify: {
    title: 'Verify the rollback',
    section: 'Step 5: Verify Rollback',
    onFailure: 'hold',
    decisions: ['retry', 'restore', 'abort'],
    timeouts: { attempt: minutes(60), heartbeat },
  },
  'roll-back-app': {
    title: 'Roll the application code back',
    section: 'Step 6: Rollback Application Code',
    onFailure: 'hold',
    decisions: ['retry', 'restore', 'abort'],
    timeouts: { attempt: minutes(15), heartbeat },
  },
  'start-app': {
    title: 'Start the application and check its health',
    section: 'Step 7: Resume Operations',
    onFailure: 'hold',
    decisions: ['retry', 'restore', 'abort'],
    timeouts: { attempt: minutes(60), heartbeat },
  },
  'resume-cron-jobs': {
    title: 'Resume the CronJobs, one at a time',
    section: 'Step 7: Resume Operations',
    onFailure: 'hold',
    decisions: ['retry', 'skip', 'restore', 'abort'],
    timeouts: { attempt: minutes(26 * 60), heartbeat },
  },
  'put-back': {
    title: 'Put back what was stopped',
    section: 'Step 7: Resume Operations',
    onFailure: 'report',
    decisions: [],
    timeouts: { attempt: minutes(30), heartbeat },
  },
  restore: {
    title: 'Restore the database from the backup',
    section: 'Emergency Database Restore',
    onFailure: 'hold',
    decisions: ['retry', 'abort'],
    timeouts: { attempt: minutes(12 * 60), heartbeat },
  },
  'hand-over': {
    title: 'Look for an open rollback, which would restore itself',
    section: 'Emergency Database Restore',
    onFailure: 'refuse',
    decisions: [],
    timeouts: { attempt: minutes(5), heartbeat },
  },
  'restore-beside': {
    title: 'Restore into a new database beside the present one',
    section: 'Emergency Database Restore',
    onFailure: 'hold',
    decisions: ['retry', 'abort'],
    timeouts: { attempt: minutes(12 * 60), heartbeat },
  },
  'data-diff': {
    title: 'Count what the present database holds and the restored one does not',
    section: 'Common Rollback Scenarios: if data loss is acceptable',
    onFailure: 'hold',
    decisions: ['retry', 'abort'],
    timeouts: { attempt: minutes(12 * 60), heartbeat },
  },
  'put-in-place': {
    title: 'Rename the restored database into place, keep the other',
    section: 'Emergency Database Restore',
    onFailure: 'hold',
    decisions: ['retry', 'abort'],
    timeouts: { attempt: minutes(60), heartbeat },
  },
  'restore-instance': {
    title: 'Restore into a new instance, as it was at the moment',
    section: 'Point-in-Time Recovery, 3 to 5',
    onFailure: 'hold',
    decisions: ['retry', 'abort'],
    timeouts: { attempt: minutes(12 * 60), heartbeat },
  },
  'compare-instance': {
    title: 'Look at the new instance, and count what it does not hold',
    section: 'Emergency Database Restore, 5; Common Rollback Scenarios: if data loss is acceptable',
    onFailure: 'hold',
    decisions: ['retry', 'abort'],
    timeouts: { attempt: minutes(2 * 60), heartbeat },
  },
  'switch-database': {
    title: 'Let DATABASE_URL lead to the new instance',
    section: 'Point-in-Time Recovery, 6',
    onFailure: 'put-back',
    decisions: [],
    timeouts: { attempt: minutes(15), heartbeat },
  },
  'switch-back': {
    title: 'Let DATABASE_URL lead to the old instance again',
    section: 'Point-in-Time Recovery, 6',
    onFailure: 'hold',
    decisions: ['retry', 'abort'],
    timeouts: { attempt: minutes(15), heartbeat },
  },
  report: {
    title: 'Report',
    section: 'Post-Rollback',
    onFailure: 'report',
    decisions: [],
    timeouts: { attempt: minutes(5), heartbeat },
  },
} as const satisfies Record<string, Step>;

export type StepName = keyof typeof steps;
export const stepNames = Object.keys(steps) as StepName[];
export const step = (name: StepName): Step => steps[name];

/** The steps in which nothing fails, in order, by workflow type: what progress shows as still to come. */
export const orders = {
  rollback: [
    'assess',
    'stop-writes',
    'snapshot',
    'back-up',
    'rehearse',
    'salvage',
    'downgrade',
    'verify',
    'roll-back-app',
    'start-app',
    'resume-cron-jobs',
    'report',
  ],
  'emergency-restore': [
    'assess',
    'stop-writes',
    'snapshot',
    'restore-beside',
    'data-diff',
    'put-in-place',
    'roll-back-app',
    'start-app',
    'resume-cron-jobs',
    'report',
  ],
  'point-in-time-restore': [
    'assess',
    'stop-writes',
    'restore-instance',
    'compare-instance',
    'switch-database',
    'roll-back-app',
    'start-app',
    'resume-cron-jobs',
    'report',
  ],
} as const satisfies Record<PlanKind, StepName[]>;

/** The step with whose beginning nothing is undone by itself any more, by workflow type. */
export const pivots = {
  rollback: 'downgrade',
  'emergency-restore': 'put-in-place',
  'point-in-time-restore': 'start-app',
} as const satisfies Record<PlanKind, StepName>;
