import { createColors } from 'picocolors';
import { describe, expect, test } from 'vitest';
import { askGate, askHold, asker } from '../../src/cli/ask.ts';
import type { Choice, CliContext } from '../../src/cli/context.ts';
import { run } from '../../src/cli/program.ts';
import { waitsFor } from '../../src/cli/waits-for.ts';
import type { Backstep, Status } from '../../src/client.ts';
import { standingOf } from '../../src/gateway/page/headline.ts';
import { fault } from '../../src/domain/failures.ts';
import type { Event } from '../../src/domain/journal/journal.ts';
import type { Artifact } from '../../src/domain/artifacts.ts';
import type { Assessment } from '../../src/domain/plan/plan.ts';
import { consequenceOf, starting } from '../../src/views/facts.ts';
import { progressOf } from '../../src/views/progress.ts';
import { plainLines } from '../../src/views/render/terminal.ts';
import { examplePlan, observations } from '../example-plan.ts';
import { approvedBy, done, gateOpened, hash, journalOf, subject } from '../example-journal.ts';

const lost = `Will be lost: table ${'a_name_far_longer_than_a_line_of_eighty_columns_'.repeat(3)}scores (7 rows).`;
const gate: Event = {
  ...gateOpened,
  shows: [lost],
  wants: { roles: ['dba'], notBy: 'cyd', proof: true },
};
const atGate: Event[] = [...done('assess'), ...done('stop-writes'), gate];
const atHold: Event[] = [
  ...done('assess'),
  ...done('stop-writes'),
  { kind: 'step-began', step: 'back-up', try: 1 },
  {
    kind: 'hold-opened',
    hold: 'back-up-1',
    step: 'back-up',
    fault: fault('BackupFailed', 'It is cut short.'),
    decisions: ['retry', 'abort'],
    byHand: [],
    deadline: '2025-11-18T05:00:00.000Z',
  },
];
const statusAt = (events: Event[]): Status => ({
  service: 'radar',
  workflowId: 'backstep-radar',
  runId: 'run',
  state: 'RUNNING',
  startedAt: '2025-11-18T03:00:00.000Z',
  atWork: [],
  progress: progressOf(journalOf(...events), subject()),
});

/** A terminal at which a person answers; what is sent is kept. */
function terminal(events: Event[], answers: string[], changes: Partial<CliContext> = {}) {
  const told = { out: '', offered: [] as Choice[][], sent: [] as unknown[] };
  const send = (verb: string) => async (_service: string, message: object) => {
    told.sent.push({ verb, ...message });
    return 'Sent.';
  };
  const backstep = {
    progress: async () => statusAt(events),
    approve: send('approve'),
    reject: send('reject'),
    decide: send('decide'),
    close: async () => undefined,
  } as unknown as Backstep;
  const context: CliContext = {
    out: (text) => void (told.out += text),
    err: (text) => void (told.out += text),
    columns: 80,
    interactive: true,
    colours: createColors(false),
    person: 'ada',
    services: 'services',
    gateway: {},
    connect: async () => backstep,
    choose: async (_question, choices) => {
      told.offered.push(choices);
      return answers.shift() ?? '';
    },
    interrupted: new AbortController().signal,
    ...changes,
  };
  const cli = (line: string) => run(line.split(' '), context);
  return { told, context, backstep, cli };
}

const { situation, ...way } = statusAt(atHold).progress!;
const abort = consequenceOf({ hold: 'back-up', answer: 'abort' }, situation, way).consequence;

describe('a dangerous decision from a terminal', () => {
  test.each(['decide radar abort', 'decide radar abort --hold back-up-1'])(
    '%s: shows what it does and asks first',
    async (line) => {
      const no = terminal(atHold, ['no']);
      expect(await no.cli(line)).toBe(3);
      expect(no.told.sent).toEqual([]);
      expect(no.told.out).toContain(abort);
      expect(no.told.offered[0]?.map(({ value }) => value)).toEqual(['no', 'yes']);
      expect(no.told.offered[0]?.[1]?.description).toBe(abort);
      const yes = terminal(atHold, ['yes']);
      expect(await yes.cli(line)).toBe(0);
      expect(yes.told.sent).toEqual([{ verb: 'decide', hold: 'back-up-1', decision: 'abort', by: 'ada' }]);
    },
  );

  test('asks nothing with --yes, with --json or without a terminal, nor before a retry', async () => {
    for (const [line, changes] of [
      ['decide radar abort --yes', {}],
      ['decide radar abort --json', {}],
      ['decide radar abort', { interactive: false }],
      ['decide radar retry', {}],
    ] as const) {
      const { cli, told } = terminal(atHold, [], changes);
      expect([line, await cli(line)]).toEqual([line, 0]);
      expect(told.offered).toEqual([]);
      expect(told.sent).toHaveLength(1);
    }
  });
});

describe('a question at the terminal', () => {
  test('offers first what sends nothing, so that Enter alone approves and decides nothing', async () => {
    for (const events of [atGate, atHold]) {
      const { context, backstep, told } = terminal(events, ['leave']);
      const { gate: open, hold, ...progress } = statusAt(events).progress!;
      if (open) expect(await askGate(context, backstep, { ...progress, gate: open }, 'ada')).toBeUndefined();
      if (hold) expect(await askHold(context, backstep, { ...progress, hold }, 'ada')).toBeUndefined();
      expect(told.offered[0]?.[0]?.value).toBe('leave');
      expect(told.sent).toEqual([]);
    }
    const { cli, told } = terminal(atGate, ['no']);
    expect(await cli('approve radar')).toBe(3);
    expect(told.offered[0]?.[0]?.value).toBe('no');
    expect(told.sent).toEqual([]);
  });

  test('comes below all that is approved, not cut at the width of the terminal', async () => {
    const { context, backstep, told } = terminal(atGate, ['leave']);
    await asker(context, backstep, 'ada')?.(statusAt(atGate), () => undefined);
    expect(told.out).toContain(lost);
  });
});

const lines = (...more: Event[]) => plainLines(waitsFor(statusAt([...atGate, ...more]).progress!)).join('\n');
const words = (name: string, roles: string[], ...more: Event[]) =>
  standingOf(
    { service: 'radar', status: statusAt([...atGate, ...more]), plan: null, expected: {} },
    { name, roles, method: 'token' },
  ).title;

describe('an open gate', () => {
  test('says on the command line how many people are still missing, and what it wants of them', () => {
    expect(lines()).toContain('Gate downgrade waits for 2 different people');
    expect(lines(approvedBy('ann'))).toContain(
      `Gate downgrade waits for 1 more person; approved by ann, plan ${hash}`,
    );
    for (const wanted of ['one of the roles: dba', 'cyd started it', 'Only a proved person counts'])
      expect(lines()).toContain(wanted);
  });

  test('waits for you only where you can approve it, and else for another person', () => {
    expect(words('ann', ['dba'])).toBe('waits for you at gate downgrade');
    expect(words('ann', ['dba'], approvedBy('ann'))).toBe('waits for another person at gate downgrade');
    expect(words('cyd', ['dba'])).toBe('waits for another person at gate downgrade');
    expect(words('eve', ['guest'])).toBe('waits for another person at gate downgrade');
  });
});

describe('nothing stops production unasked on a terminal', () => {
  const planned = {
    kind: 'planned',
    plan: examplePlan(),
    hash,
    observations,
    searchAttributes: true,
  } as const;
  const started = { workflowId: 'backstep-radar', runId: 'run', worker: true } as const;
  /** With commands that begin something; `begun` is what was begun. */
  const begins = (answers: string[], assessment: Assessment = planned) => {
    const begun: unknown[] = [];
    const { told, context } = terminal([], answers);
    const begin = async (request: unknown) => (begun.push(request), started);
    const backstep = {
      plan: async () => assessment,
      start: begin,
      emergencyRestore: begin,
      pointInTimeRestore: begin,
      close: async () => undefined,
    } as unknown as Backstep;
    const cli = (line: string) => run(line.split(' '), { ...context, connect: async () => backstep });
    return { told, begun, cli };
  };

  test('rollback shows the plan with its advice, and begins after a yes', async () => {
    const { told, begun, cli } = begins(['yes']);
    expect(await cli('rollback radar')).toBe(0);
    expect(told.out).toContain('0005');
    expect(told.offered[0]?.map(({ value }) => value)).toEqual(['no', 'yes']);
    expect(told.offered[0]?.[1]?.description).toBe(starting('rollback').consequence);
    expect(begun).toHaveLength(1);
  });

  test.each(['rollback radar', 'emergency-restore radar', 'point-in-time-restore radar'])(
    '%s begins nothing after a no',
    async (line) => {
      const { begun, cli } = begins(['no']);
      expect(await cli(line)).toBe(3);
      expect(begun).toEqual([]);
    },
  );

  test('a rollback that would be refused is not asked about', async () => {
    const refused = { kind: 'refused', faults: [fault('TargetUnknown', 'no 0009')] } as const;
    const { told, begun, cli } = begins([], { ...refused, faults: [...refused.faults] });
    expect(await cli('rollback radar --target 0009')).toBe(3);
    expect(told.out).toContain('no 0009');
    expect(begun).toEqual([]);
  });

  test.each(['rollback radar --yes', 'rollback radar --json'])('%s asks nobody', async (line) => {
    const { told, begun, cli } = begins([]);
    expect(await cli(line)).toBe(0);
    expect(told.offered).toEqual([]);
    expect(begun).toHaveLength(1);
  });
});

const artifact = (name: string, expired: boolean): Artifact => ({
  name,
  kind: 'dump',
  operation: 'bs-0a1b2c3d',
  expired,
});

/** With two dumps, one of them expired. */
const opened = (answers: string[]) => {
  const removed: unknown[] = [];
  const { told, context } = terminal([], answers);
  const backstep = {
    artifacts: async () => ({
      service: 'radar',
      artifacts: [artifact('old.dump', true), artifact('new.dump', false)],
      notes: [],
    }),
    removeArtifacts: async (request: unknown) => (
      removed.push(request),
      { service: 'radar', removed: ['old.dump'], refused: [] }
    ),
    close: async () => undefined,
  } as unknown as Backstep;
  const cli = (line: string) => run(line.split(' '), { ...context, connect: async () => backstep });
  return { told, removed, cli };
};

describe('artifacts', () => {
  test('--expired lists what is expired, and deletes nothing', async () => {
    const { told, removed, cli } = opened([]);
    expect(await cli('artifacts radar --expired')).toBe(0);
    expect(told.out).toContain('old.dump');
    expect(told.out).not.toContain('new.dump');
    expect(removed).toEqual([]);
  });

  test('--remove-expired shows what would be deleted, and deletes it after a yes', async () => {
    const asked = opened(['no']);
    expect(await asked.cli('artifacts radar --remove-expired')).toBe(3);
    expect(asked.told.out).toContain('old.dump');
    expect(asked.told.out).not.toContain('new.dump');
    expect(asked.removed).toEqual([]);
    const agreed = opened(['yes']);
    expect(await agreed.cli('artifacts radar --remove-expired')).toBe(0);
    expect(agreed.removed).toMatchObject([{ expired: true }]);
  });
});
