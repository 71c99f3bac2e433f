import { findings } from '../example-plan.ts';
import type { Play } from '../workflow/play.ts';
import { failing, failingAt } from '../workflow/theatre.ts';
import type { Casting } from '../workflow/theatre.ts';

/** One finished run of every kind, kept as a history; `act` plays the person. */
export const scenes: Record<
  string,
  { casting: Casting; type?: 'emergencyRestore'; act: (play: Play) => Promise<unknown> }
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
