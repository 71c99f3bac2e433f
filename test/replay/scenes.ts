import { findings } from '../example-plan.ts';
import type { Play } from '../workflow/play.ts';
import { Proved } from '../workflow/proved.ts';
import { failing, failingAt } from '../workflow/theatre.ts';
import type { Casting, Theatre } from '../workflow/theatre.ts';

/** One finished run of every kind, kept as a history; `act` plays the person. */
export const scenes: Record<
  string,
  { casting: Casting; type?: 'emergencyRestore'; act: (play: Play, stage: Theatre) => Promise<unknown> }
> = {
  'rolled-back': { casting: {}, act: (play) => play.approve('downgrade') },
  'nothing-to-do': {
    casting: {
      script: { assess: () => ({ kind: 'nothing-to-do', reason: 'at 0004 already', revision: '0004' }) },
    },
    act: async () => undefined,
  },
  'rejected-at-the-start': {
    casting: { definition: { approvals: { start: { people: 1 } } } },
    act: (play) => play.reject('start'),
  },
  'expired-and-put-back': {
    casting: { definition: { approvals: { downgrade: { people: 1, within: '500ms' } } } },
    act: async () => undefined,
  },
  'cancelled-and-put-back': {
    casting: {},
    act: async (play) => {
      await play.gate('downgrade');
      await play.handle.cancel();
    },
  },
  'verify-failed-and-restored': {
    casting: { script: { verify: failing('VerificationFailed') } },
    act: async (play) => {
      await play.approve('downgrade');
      await play.decide('verify', 'restore');
      await play.approve('restore');
    },
  },
  'unhealthy-then-started': {
    casting: { script: failingAt('start-app', [1], 'Unhealthy') },
    act: async (play) => {
      await play.approve('downgrade');
      await play.decide('start-app', 'retry');
    },
  },
  'cancelled-after-the-pivot-and-aborted': {
    casting: {
      script: { verify: (_input, call) => (call === 1 ? failing('VerificationFailed')() : findings.verify) },
    },
    act: async (play) => {
      await play.approve('downgrade');
      await play.hold('verify');
      await play.handle.cancel();
      await play.handle.signal('decide', 'garbage');
      await play.decide('verify', 'abort');
    },
  },
  'two-people-for-base': {
    casting: { plan: { target: 'base', people: 2 } },
    act: async (play) => {
      await play.approve('downgrade', 'ann');
      await play.approve('downgrade', 'bob');
    },
  },
  'proved-at-the-gates': {
    casting: {
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
      script: failingAt('verify', [1], 'VerificationFailed'),
    },
    act: async (play, stage) => {
      const proved = new Proved(stage, play);
      const start = { gate: 'start', plan: (await play.gate('start')).hash };
      // One by signal that counts for nothing, and one that does.
      await play.handle.signal('approve', await proved.message('approve', { ...start, by: 'eve' }));
      await play.until('the ignored signal', ({ ignored }) => ignored.length > 0);
      await proved.say('approve', { ...start, by: 'ann' }, ['sre']);
      const { hash } = await play.gate('downgrade');
      const resolved = { source: 'alertmanager', fingerprint: 'f1', status: 'resolved', text: 'gone' };
      await play.handle.executeUpdate('annotate', { args: [{ ...resolved, at: new Date().toISOString() }] });
      const alone = { gate: 'downgrade', plan: hash, by: 'cyd', breakGlass: true, reason: 'nobody answers' };
      await proved.say('approve', alone, ['incident-commander']);
      const { hold } = await play.hold('verify');
      await proved.say('acknowledge', { by: 'ann' });
      await proved.say('decide', { hold, decision: 'retry', by: 'ann' });
    },
  },
  'told-and-acknowledged': {
    casting: {
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
        escalation: { attempts: 1, path: [{ who: 'DBA', tell: ['pager'] }, 'CTO'] },
      },
      script: failingAt('verify', [1], 'VerificationFailed'),
      tell: ({ to }) => (to.name === 'pager' ? failing('ChannelRefused')() : undefined),
    },
    act: async (play) => {
      await play.approve('downgrade');
      await play.hold('verify');
      await play.handle.executeUpdate('acknowledge', { args: [{ by: 'dba' }] });
      await play.decide('verify', 'retry');
    },
  },
  'emergency-restored': {
    type: 'emergencyRestore',
    casting: { script: failingAt('restore-beside', [1], 'RestoreFailed') },
    act: async (play) => {
      await play.decide('restore-beside', 'retry');
      await play.approve('restore', 'ann');
      await play.approve('restore', 'bob');
    },
  },
  'emergency-rejected-and-put-back': {
    type: 'emergencyRestore',
    casting: {},
    act: (play) => play.reject('restore'),
  },
};
