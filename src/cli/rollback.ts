import type { Command } from 'commander';
import type { Started } from '../client.ts';
import { asker } from './ask.ts';
import { json, withBackstep } from './doors.ts';
import type { Doors, GlobalOptions, Register } from './doors.ts';
import { exit, ofStatus } from './exit.ts';
import type { Exit } from './exit.ts';
import { follow } from './follow.ts';
import { ending } from './status-view.ts';

interface RollbackOptions extends GlobalOptions {
  target: string;
  reason?: string;
  by: string;
  trigger?: string;
  watch?: boolean;
}

export const rollback: Register = (program, doors, action) => {
  program
    .command('rollback')
    .description('Start the rollback of a service')
    .argument('<service>', 'name of a service definition')
    .option('--target <revision>', '-1: one migration back; a revision; or base (extreme)', '-1')
    .option('--reason <text>', 'why, for the report')
    .option('--by <name>', 'who asks', doors.person)
    .option('--trigger <name>', 'names the incident: the same one again is answered with the first run')
    .option('--watch', 'follow it to its end, and ask for decisions on a terminal')
    .action(
      action(async (service: string, _options: object, command: Command) => {
        const options = command.optsWithGlobals<RollbackOptions>();
        const { target, reason, by: requestedBy, trigger } = options;
        return withBackstep(doors, options, async (backstep) => {
          const started = await backstep.start({
            service,
            target,
            requestedBy,
            ...(reason === undefined ? {} : { reason }),
            ...(trigger === undefined ? {} : { trigger }),
          });
          if (!(options.watch && options.json)) say(doors, service, started, options);
          if (started.already?.state === 'ended') return exit.refused;
          if (options.watch) {
            const decide = asker(doors, backstep, service, requestedBy);
            const last = await follow(doors, backstep, service, {
              ...(options.json ? { json: true } : {}),
              ...(decide && !options.json ? { decide } : {}),
            });
            if (last === undefined) return left(doors, service, options);
            return ofStatus(last);
          }
          return started.already === undefined ? exit.done : exit.refused;
        });
      }),
    );
};

function say({ out, colours }: Doors, service: string, started: Started, options: RollbackOptions): void {
  if (options.json) return out(json(started));
  const { workflowId, runId, already, worker } = started;
  if (already === undefined) out(`Started ${workflowId} (run ${runId}).\n`);
  else {
    out(`Nothing was started: ${already.why}. See ${workflowId} (run ${runId}).\n`);
    const { end, state } = already;
    if (end) {
      const ended = { service, workflowId, runId, state, startedAt: '', atWork: [], end };
      for (const line of ending(ended, colours)) out(`${line}\n`);
    }
  }
  if (!worker) out(colours.yellow('No worker polls the task queue: start one.\n'));
  if (!options.watch && already?.state !== 'ended') out(`Follow it: backstep status ${service} --watch\n`);
}

/** Ctrl-C while following: the rollback itself goes on. */
export function left(doors: Doors, service: string, options: GlobalOptions): Exit {
  if (!options.json) doors.out(`\nThe rollback goes on. Follow it: backstep status ${service} --watch\n`);
  return exit.done;
}
