import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { execa } from 'execa';
import { createColors } from 'picocolors';
import { describe, expect, it, vi } from 'vitest';
import type { CliContext } from '../../src/cli/context.ts';
import { systemPerson } from '../../src/cli/context.ts';
import { exit, ofEnd, ofStatus } from '../../src/cli/exit.ts';
import { follow } from '../../src/cli/follow.ts';
import { run } from '../../src/cli/program.ts';
import { plainLines } from '../../src/views/render/terminal.ts';
import { atWorkText, stepsBlock } from '../../src/views/status.ts';
import type { Backstep, Status } from '../../src/client.ts';
import { readKeys } from '../../src/identity/keys.ts';
import type { RollbackResult } from '../../src/domain/journal/result.ts';
import type { Outcome } from '../../src/domain/journal/outcome.ts';
import { situation } from '../example-journal.ts';
import type { PlanKind } from '../../src/domain/plan/plan.ts';

const ended = (outcome: Outcome, kind: PlanKind = 'rollback') => ({
  result: {
    kind,
    outcome,
    reason: 'r',
    situation: situation({
      kind,
      writes: outcome === 'aborted' ? 'stopped' : 'resumed',
      pivotPassed: true,
    }),
    operation: 'bs-1',
    counts: {},
    attention: [],
    notVerified: [],
  } as RollbackResult,
});
const failed = (type: string, faults: string[] = []) => ({
  failure: { message: 'm', next: 'n', type, faults },
});

describe('exit statuses', () => {
  it.each([
    [ended('rolled-back'), exit.done],
    [ended('nothing-to-do'), exit.done],
    [ended('rejected'), exit.refused],
    [ended('put-back'), exit.notRolledBack],
    [ended('restored'), exit.notRolledBack],
    [ended('aborted'), exit.notRolledBack],
    [ended('restored', 'emergency-restore'), exit.done],
    [ended('restored', 'point-in-time-restore'), exit.done],
    [failed('InvalidRequest'), exit.badInput],
    [failed('Refused', ['WorkloadMissing']), exit.refused],
    [failed('Refused', ['WorkloadMissing', 'TargetUnknown']), exit.badInput],
    [failed('AlreadyRunning'), exit.refused],
    [failed('PutBackFailed'), exit.notRolledBack],
  ])('%j', (end, status) => {
    expect(ofEnd(end)).toBe(status);
  });

  it('an open rollback is fine unless it holds', () => {
    const open: Status = {
      service: 's',
      workflowId: 'w',
      runId: 'r',
      state: 'RUNNING',
      startedAt: '',
      atWork: [],
    };
    expect(ofStatus(open)).toBe(exit.done);
    expect(ofStatus({ ...open, progress: { hold: {} } as Status['progress'] & object })).toBe(
      exit.notRolledBack,
    );
  });
});

const colours = createColors(false);

describe('lines for people', () => {
  const line = {
    step: 'back-up',
    title: 'Back up',
    state: 'running',
    try: 2,
    startedAt: '2025-11-18T03:00:00Z',
  } as const;
  const now = Date.parse('2025-11-18T03:00:12.3Z');

  it('say what a step is doing, how far, how long, and that it is tried again', () => {
    const work = {
      step: 'back-up',
      attempt: 3,
      startedAt: line.startedAt,
      latest: { doing: 'dumping', done: 1_500_000, of: 27_000_000, unit: 'bytes' },
      lastFailure: 'no route',
    } as const;
    expect(plainLines([stepsBlock([line], { atWork: [work] })], now)).toEqual([
      expect.stringMatching(
        /^ {2}▶ Back up try 2 +for 12 s {2}dumping: 1\.5 MB of 27\.0 MB \(attempt 3; before: no route\)$/,
      ),
    ]);
    expect(atWorkText({ step: 'verify', attempt: 1, nextAttemptAt: 'x' })).toBe('waits for a worker');
    expect(
      atWorkText({
        step: 'verify',
        attempt: 1,
        startedAt: 'x',
        latest: { doing: 'counting', done: 3, unit: 'rows' },
      }),
    ).toBe('counting: 3 rows');
  });

  it('a step to come has no time', () => {
    const { startedAt: _, ...toCome } = line;
    expect(plainLines([stepsBlock([{ ...toCome, state: 'to-do', try: 1 }])], now)).toEqual(['  ○ Back up']);
  });
});

const statusOf = (summary: string, endedAt?: string): Status => ({
  service: 'radar',
  workflowId: 'backstep-radar',
  runId: 'r',
  state: endedAt === undefined ? 'RUNNING' : 'COMPLETED',
  startedAt: '2025-11-18T03:00:00Z',
  ...(endedAt === undefined ? {} : { endedAt, end: ended('rolled-back') }),
  atWork: [{ step: 'back-up', attempt: 1, startedAt: 'x', latest: { doing: summary } }],
});

describe('following on a terminal', () => {
  it('draws anew in place, and never wider than the screen', async () => {
    const out: string[] = [];
    const wide = 'x'.repeat(500);
    const backstep = {
      async *watch() {
        yield await Promise.resolve(statusOf(wide));
        yield statusOf('short', '2025-11-18T03:00:05Z');
      },
      expected: () => Promise.resolve({}),
    } as unknown as Backstep;
    const context = {
      out: (text: string) => out.push(text),
      columns: 40,
      colours: createColors(true),
      interrupted: new AbortController().signal,
    } as unknown as CliContext;
    expect((await follow(context, backstep, 'radar'))?.state).toBe('COMPLETED');
    const [first = '', second = ''] = out;
    for (const text of stripVTControlCharacters(first).split('\n'))
      expect(text.length).toBeLessThanOrEqual(40);
    expect(second).toContain(`\u001B[${first.split('\n').length - 1}A`);
  });
});

it('Ctrl-C while watching ends with status 130: a script must not take it for rolled back', async () => {
  const ctrlC = new AbortController();
  const backstep = {
    async *watch() {
      yield await Promise.resolve(statusOf('short'));
      ctrlC.abort();
      yield statusOf('short');
    },
    expected: () => Promise.resolve({}),
    close: () => Promise.resolve(),
  } as unknown as Backstep;
  const context = {
    out: () => undefined,
    err: () => undefined,
    colours,
    person: 'ada',
    services: 'services',
    gateway: {},
    connect: () => Promise.resolve(backstep),
    interrupted: ctrlC.signal,
  } as unknown as CliContext;
  expect(await run(['status', 'radar', '--watch'], context)).toBe(130);
});

const typed = async (words: string[], services = 'services') => {
  const said = { out: '', err: '' };
  const connect = vi.fn();
  const context = {
    out: (text: string) => (said.out += text),
    err: (text: string) => (said.err += text),
    interactive: false,
    colours,
    person: 'ada',
    services,
    gateway: {},
    connect,
  } as unknown as CliContext;
  return { status: await run(words, context), ...said, connected: connect.mock.calls.length };
};

describe('the command', () => {
  it('validate names every fault, status 2; without files it checks all services', async () => {
    expect(await typed(['validate'])).toMatchObject({ status: 0, connected: 0 });
    const bad = await typed(['validate', 'package.json', 'nowhere.yaml', '--json']);
    expect(bad.status).toBe(2);
    expect(JSON.parse(bad.out)).toEqual([
      {
        file: 'package.json',
        valid: false,
        faults: expect.arrayContaining([expect.stringMatching(/^package\.json:\d+:\d+: /)]) as string[],
      },
      { file: 'nowhere.yaml', valid: false, faults: ['nowhere.yaml cannot be read: ENOENT'] },
    ]);
    expect(await typed(['validate'], '/nowhere')).toMatchObject({
      status: 2,
      err: expect.stringMatching(/ENOENT/) as string,
    });
  });

  it.each([
    [['--help'], 0, /Exit statuses:[^]*refused/],
    [['--version'], 0, /^\d+\.\d+\.\d+\n$/],
    [['rollbck', 'x'], 2, /Did you mean rollback/],
    [['rollback'], 2, /missing required argument 'service'/],
    [['rollback', 'x', '--target'], 2, /argument missing/],
    [['status', 'x', '--wacth'], 2, /Did you mean --watch/],
  ])('%j', async (words, status, says) => {
    const found = await typed(words);
    expect(found).toMatchObject({ status, connected: 0 });
    expect(found.out + found.err).toMatch(says);
  });

  it('setup --gateway-keys makes keys that a worker can check with, and asks no Temporal', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'backstep-cli-'));
    const { status, out, connected } = await typed(['setup', '--gateway-keys', directory]);
    expect({ status, connected }).toEqual({ status: 0, connected: 0 });
    expect(out).toContain(`${directory}/gateway.key.json`);
    const again = await typed(['setup', '--gateway-keys', directory, '--json']);
    const { kid, publicKeys } = JSON.parse(again.out) as { kid: string; publicKeys: string };
    const { keys } = await readKeys(publicKeys);
    expect(keys.map((key) => key.kid)).toContain(kid);
    expect(out).not.toContain(kid);
    await writeFile(publicKeys, 'not whole');
    expect(await typed(['setup', '--gateway-keys', directory])).toMatchObject({
      status: 2,
      err: expect.stringContaining('is no JSON') as string,
    });
    await rm(directory, { recursive: true });
  });

  it('as a process: Temporal that is not there is one sentence and the next move, status 1', async () => {
    const { exitCode, stderr, stdout } = await execa(
      process.execPath,
      ['--import', 'tsx', 'src/cli.ts', 'rollback', 'radar', '--target', '-1', '--address', '127.0.0.1:1'],
      { reject: false, stdin: 'ignore' },
    );
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr.split('\n')).toEqual([
      'Temporal cannot be reached: no answer from 127.0.0.1:1 within 5 s.',
      expect.stringMatching(/^Check TEMPORAL_ADDRESS/),
    ]);
  });

  it('takes the person from the system, under sudo the one who called it', () => {
    expect(systemPerson({ SUDO_USER: 'ada' })).toBe('ada');
    expect(systemPerson({})).toMatch(/\w/);
  });
});
