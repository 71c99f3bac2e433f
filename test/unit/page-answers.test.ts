import { describe, expect, it } from 'vitest';
import { ClientError } from '../../src/client.ts';
import type { Backstep } from '../../src/client.ts';
import type { GatewayDependencies } from '../../src/gateway/dependencies.ts';
import { answer } from '../../src/gateway/page/answers.ts';
import type { Verb } from '../../src/gateway/people/statements.ts';
import { noStatements } from '../../src/gateway/people/statements.ts';
import type { Event } from '../../src/domain/journal/journal.ts';
import { progressOf } from '../../src/views/progress.ts';
import { reportOf } from '../../src/views/report/report.ts';
import { approvedBy, hash, journalOf, subject } from '../example-journal.ts';

const session = {
  person: { name: 'ann', roles: ['dba'], method: 'token' as const },
  csrf: 'the word of this session',
};

const refuse = async () => {
  throw new ClientError('refused', 'That hold is not open.', 'BoundedProbe again.');
};

/** A gateway whose rollback refuses every message, and whose journal is this. */
function refusing(events: Event[]): GatewayDependencies {
  const journal = journalOf(...events);
  const backstep = {
    temporal: {
      options: { namespace: 'default' },
      connection: {
        withDeadline: async (_: number, ask: () => unknown) => ask(),
        workflowService: { describeNamespace: () => ({}) },
      },
    },
    progress: async () => ({
      service: 'radar',
      runId: 'run',
      atWork: [],
      progress: progressOf(journal, subject()),
    }),
    pinnedPlan: async () => null,
    report: async () => reportOf(journal, subject()),
    expected: async () => ({}),
  } as unknown as Backstep;
  const statements = { ...noStatements, approve: refuse, reject: refuse, decide: refuse };
  return { backstep, statements } as unknown as GatewayDependencies;
}

const pressed = async (events: Event[], verb: Verb, body: object) => {
  const told = await answer(refusing(events), session, {
    service: 'radar',
    verb,
    body: { ...body, confirm: 'radar' },
  });
  return 'said' in told ? told.said : told.refused;
};

const decidedAt = (hold: string): Event => ({ kind: 'hold-closed', hold, decision: 'retry', by: 'ann' });
const recorded = 'It is recorded already.';
const refused = 'That hold is not open. BoundedProbe again.';

describe('a button pressed twice says that the answer is recorded', () => {
  it('of the same hold, and not of another one whose name begins alike', async () => {
    const retry = { hold: 'verify-1', decision: 'retry' };
    expect(await pressed([decidedAt('verify-1')], 'decide', retry)).toBe(recorded);
    expect(await pressed([decidedAt('verify-10')], 'decide', retry)).toBe(refused);
  });

  it('of the same plan, when the gate was passed alone too, and not of another person', async () => {
    const approve = { gate: 'downgrade', plan: hash };
    const alone = { ...approve, breakGlass: 'yes', reason: 'nobody else answers' };
    const broken = { ...approvedBy('ann'), breakGlass: true } as Event;
    expect(await pressed([approvedBy('ann')], 'approve', approve)).toBe(recorded);
    expect(await pressed([approvedBy('bob')], 'approve', approve)).toBe(refused);
    expect(await pressed([broken], 'approve', alone)).toBe(recorded);
    expect(await pressed([approvedBy('ann')], 'approve', alone)).toBe(refused);
  });

  it('of a rejection', async () => {
    const rejected: Event = { kind: 'gate-closed', gate: 'start', hash, verdict: 'rejected', by: ['ann'] };
    expect(await pressed([rejected], 'reject', { gate: 'start', plan: hash })).toBe(recorded);
    expect(await pressed([approvedBy('ann')], 'reject', { gate: 'start', plan: hash })).toBe(refused);
  });
});
