import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endSessions } from '../../src/postgres/sessions.ts';
import { backstepProgram } from '../fake-cluster-programs.ts';
import type { Ended, Started } from '../fake-cluster.ts';
import { outside } from './faults.ts';
import type { Breakage } from './model.ts';
import { asAdmin, type Rollback } from './rollback.ts';
import { jobProcess, type How } from './surroundings.ts';

/** Somewhere in the run of a process, the same for the same case. */
const killAfter = ({ it }: Rollback): number => 150 + ((it.first * 7 + it.writes.length * 13) % 10) * 60;

const brokenBy = (of: Rollback, program: string): How | undefined => {
  const hows: Partial<Record<Breakage, How>> = {
    'pg_dump killed': { in: 'back-up', dies: 'pg_dump' },
    'back-up killed': { in: 'back-up', killAfter: killAfter(of) },
    'psql killed in salvage': { in: 'salvage', dies: 'psql' },
    'salvage killed': { in: 'salvage', killAfter: killAfter(of) },
    'pg_restore killed': { in: 'restore', dies: 'pg_restore' },
    'restore killed': { in: 'restore', killAfter: killAfter(of) },
  };
  const how = hows[of.it.breakage];
  return how?.in === program ? how : undefined;
};

/**
 * What runs in the pods of a rollback: Backstep's own programs in this process, or, where the case breaks the first
 * of them, in one of its own, which is killed; Alembic in a fork of a Python.
 */
export const podsOf =
  (of: () => Rollback) =>
  (started: Started): Promise<Ended> =>
    outside(() => (started.command[0] === 'node' ? own(of(), started) : alembic(of(), started)));

function own(of: Rollback, started: Started): Promise<Ended> {
  const program = started.command[2] ?? '';
  const broken = of.unbroken.has(program) ? undefined : brokenBy(of, program);
  of.unbroken.add(program);
  return backstepProgram(
    started,
    broken && (() => jobProcess(of.surroundings, program, started.env, broken)),
  );
}

/** Where env.py waits, and what is done to it meanwhile. */
interface Interruption {
  at: 'before the commit' | 'after the commit';
  meanwhile: (pid: number) => Promise<void>;
}

const killed = (pid: number) => Promise.resolve(void process.kill(pid, 'SIGKILL'));

function interruptionOf(of: Rollback): Interruption | undefined {
  const { fencedName } = of.plan.database;
  switch (of.it.breakage) {
    case 'downgrade killed before its commit':
      return { at: 'before the commit', meanwhile: killed };
    case 'downgrade killed after its commit':
      return { at: 'after the commit', meanwhile: killed };
    case 'connection cut in the downgrade':
      return {
        at: 'before the commit',
        meanwhile: () => asAdmin(of, async (admin) => void (await endSessions(admin, fencedName))),
      };
    default:
      return undefined;
  }
}

async function alembic(of: Rollback, { job, step, command, env }: Started): Promise<Ended> {
  const first = step === 'downgrade' && !of.unbroken.has(step);
  if (first) of.unbroken.add(step);
  const interruption = first ? interruptionOf(of) : undefined;
  const paused = join(of.directory, `paused-${job}`);
  const { pid, ended } = await of.surroundings.python.run(command.at(-1) ?? '', {
    cwd: of.directory,
    env: {
      PATH: process.env['PATH'] ?? '',
      ...env,
      ...(interruption && { PAUSE: interruption.at, PAUSED: paused }),
    },
    log: join(of.directory, `log-${job}`),
  });
  if (interruption !== undefined) {
    const over = new AbortController();
    const end = ended.then(() => over.abort());
    while (!existsSync(paused) && !over.signal.aborted) await sleep(5);
    if (!over.signal.aborted) await interruption.meanwhile(pid);
    writeFileSync(`${paused} on`, '');
    await end;
    rmSync(paused, { force: true });
  }
  return ended;
}
