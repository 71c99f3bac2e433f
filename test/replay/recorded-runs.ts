import { fault } from '../../src/domain/failures.ts';
import type { Rehearsed } from '../../src/domain/rehearsal.ts';
import { findings } from '../example-plan.ts';
import type { WorkflowRun } from '../workflow/workflow-run.ts';
import { SignedMessages } from '../workflow/signed-messages.ts';
import { failing, failingAt } from '../workflow/harness.ts';
import type { ServiceSetup, WorkflowHarness, WorkflowType } from '../workflow/harness.ts';

interface RecordedRun {
  setup: ServiceSetup;
  type?: WorkflowType;
  act: (run: WorkflowRun, harness: WorkflowHarness) => Promise<unknown>;
}

const nothing = () => Promise.resolve();
/** A person has half a second. */
const short = { writeOutageBudget: '500ms' } as const;

/** One finished run of every kind, kept as a history; `act` plays the person. */
export const recordedRuns: Record<string, RecordedRun> = {
  'rolled-back': { setup: {}, act: (run) => run.approve('downgrade') },
  'nothing-to-do': {
    setup: {
      activities: { assess: () => ({ kind: 'nothing-to-do', reason: 'at 0004 already', revision: '0004' }) },
    },
    act: nothing,
  },
  'rejected-at-the-start': {
    setup: { definition: { approvals: { start: { people: 1 } } } },
    act: (run) => run.reject('start'),
  },
  'expired-and-put-back': {
    setup: { definition: { approvals: { downgrade: { people: 1, within: '500ms' } } } },
    act: nothing,
  },
  'cancelled-and-put-back': {
    setup: {},
    act: async (run) => {
      await run.gate('downgrade');
      await run.handle.cancel();
    },
  },
  'verify-failed-and-restored': {
    setup: { activities: { verify: failing('VerificationFailed') } },
    act: async (run) => {
      await run.approve('downgrade');
      await run.decide('verify', 'restore');
      await run.approve('restore');
    },
  },
  'unhealthy-then-started': {
    setup: { activities: failingAt('start-app', [1], 'Unhealthy') },
    act: async (run) => {
      await run.approve('downgrade');
      await run.decide('start-app', 'retry');
    },
  },
  'cancelled-after-the-pivot-and-aborted': {
    setup: {
      activities: {
        verify: (_input, call) => (call === 1 ? failing('VerificationFailed')() : findings.verify),
      },
    },
    act: async (run) => {
      await run.approve('downgrade');
      await run.hold('verify');
      await run.handle.cancel();
      await run.handle.signal('decide', 'garbage');
      await run.decide('verify', 'abort');
    },
  },
  'two-people-for-base': {
    setup: { plan: { target: 'base', people: 2 } },
    act: async (run) => {
      await run.approve('downgrade', 'ann');
      await run.approve('downgrade', 'bob');
    },
  },
  'proved-at-the-gates': {
    setup: {
      request: { alert: { source: 'alertmanager', fingerprint: 'f1', rule: 0 } },
      definition: {
        triggers: [{ source: 'alertmanager', match: { service: 'radar' } }],
        approvals: {
          start: { people: 1, roles: ['sre'] },
          selfAsserted: 'refuse',
          breakGlass: { roles: ['incident-commander'] },
        },
      },
      plan: { people: 2 },
      activities: failingAt('verify', [1], 'VerificationFailed'),
    },
    act: async (run, harness) => {
      const proved = new SignedMessages(harness, run);
      const start = { gate: 'start', plan: (await run.gate('start')).hash };
      // One by signal that counts for nothing, and one that does.
      await run.handle.signal('approve', await proved.message('approve', { ...start, by: 'eve' }));
      await run.until('the ignored signal', ({ ignored }) => ignored.length > 0);
      await proved.say('approve', { ...start, by: 'ann' }, ['sre']);
      const { hash } = await run.gate('downgrade');
      const resolved = { source: 'alertmanager', fingerprint: 'f1', status: 'resolved', text: 'gone' };
      await run.handle.executeUpdate('annotate', { args: [{ ...resolved, at: new Date().toISOString() }] });
      const alone = { gate: 'downgrade', plan: hash, by: 'cyd', breakGlass: true, reason: 'nobody answers' };
      await proved.say('approve', alone, ['incident-commander']);
      const { hold } = await run.hold('verify');
      await proved.say('acknowledge', { by: 'ann' });
      await proved.say('decide', { hold, decision: 'retry', by: 'ann' });
    },
  },
  'notified-and-acknowledged': {
    setup: {
      definition: {
        notify: [
          { name: 'ops', channel: 'slack', url: { secret: 'telling', key: 'url' } },
          {
            name: 'pager',
            channel: 'pagerduty',
            routingKey: { secret: 'telling', key: 'key' },
            on: ['hold'],
          },
        ],
        escalation: { attempts: 1, path: [{ who: 'DBA', notify: ['pager'] }, 'CTO'] },
      },
      activities: failingAt('verify', [1], 'VerificationFailed'),
      notify: ({ to }) => (to.name === 'pager' ? failing('ChannelRefused')() : undefined),
    },
    act: async (run) => {
      await run.approve('downgrade');
      await run.hold('verify');
      await run.handle.executeUpdate('acknowledge', { args: [{ by: 'dba' }] });
      await run.decide('verify', 'retry');
    },
  },
  'emergency-restored': {
    type: 'emergencyRestore',
    setup: { activities: failingAt('restore-new-database', [1], 'RestoreFailed') },
    act: async (run) => {
      await run.decide('restore-new-database', 'retry');
      await run.approve('restore', 'ann');
      await run.approve('restore', 'bob');
    },
  },
  'emergency-rejected-and-put-back': {
    type: 'emergencyRestore',
    setup: {},
    act: (run) => run.reject('restore'),
  },
  'point-in-time-restored': {
    type: 'pointInTimeRestore',
    setup: { activities: failingAt('restore-instance', [1], 'RestoreFailed') },
    act: async (run) => {
      await run.decide('restore-instance', 'retry');
      await run.approve('restore', 'ann');
      await run.approve('restore', 'bob');
    },
  },
  'point-in-time-switched-back': {
    type: 'pointInTimeRestore',
    setup: { activities: { 'start-app': failing('Unhealthy') } },
    act: async (run) => {
      await run.approve('restore', 'ann');
      await run.approve('restore', 'bob');
      await run.decide('start-app', 'restore');
    },
  },
  'salvage-and-a-cron-job-skipped': {
    setup: {
      activities: {
        ...failingAt('salvage', [1], 'SalvageFailed'),
        ...failingAt('resume-cron-jobs', [1], 'CronJobFailed'),
      },
    },
    act: async (run) => {
      await run.decide('salvage', 'skip');
      await run.approve('downgrade', 'ann');
      await run.approve('downgrade', 'bob');
      await run.decide('resume-cron-jobs', 'skip');
    },
  },
  'given-up-and-put-back': {
    setup: { definition: short, activities: { 'back-up': failing('BackupFailed') } },
    act: nothing,
  },
  'given-up-with-writes-stopped': {
    setup: {
      definition: { ...short, onGiveUp: 'stay-stopped' },
      activities: { rehearse: failing('RehearsalFailed') },
    },
    act: nothing,
  },
  'taken-up-after-the-pivot': {
    setup: { plan: { takesUp: { operation: 'bs-99999999', pivotPassed: true } } },
    act: async (run) => {
      await run.approve('start');
      await run.approve('downgrade');
    },
  },
  'taken-up-before-the-pivot': {
    setup: { plan: { takesUp: { operation: 'bs-99999999', pivotPassed: false } } },
    act: (run) => run.reject('downgrade'),
  },
  'restored-after-the-start': {
    setup: { activities: failingAt('resume-cron-jobs', [1], 'CronJobFailed') },
    act: async (run) => {
      await run.approve('downgrade');
      await run.decide('resume-cron-jobs', 'restore');
      await run.approve('restore', 'ann');
      await run.approve('restore', 'bob');
    },
  },
  'refused-after-the-restore': {
    setup: { activities: { verify: failing('VerificationFailed') } },
    act: async (run) => {
      await run.approve('downgrade');
      await run.decide('verify', 'restore');
      await run.reject('restore');
    },
  },
  'put-back-failed': {
    setup: { activities: { 'put-back': failing('PutBackFailed') } },
    act: async (run) => {
      await run.reject('downgrade');
      await run.decide('put-back', 'abort');
    },
  },
  'backed-up-in-background': {
    setup: { definition: { backup: { claim: 'backups', proveBefore: 'end' } } },
    act: (run) => run.approve('downgrade'),
  },
  refused: {
    setup: {
      activities: { assess: () => ({ kind: 'refused', faults: [fault('TargetUnknown', 'no 0009')] }) },
    },
    act: nothing,
  },
  rehearsed: {
    type: 'rehearse',
    setup: {
      activities: {
        'rehearse-live': () => ({ outcome: 'works', rehearsal: findings.rehearse as Rehearsed }),
      },
    },
    act: nothing,
  },
};
