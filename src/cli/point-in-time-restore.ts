import type { Command } from 'commander';
import { requestFields, beginning, begun, isMeant } from './begun.ts';
import type { BegunOptions } from './begun.ts';
import { withBackstep } from './context.ts';
import type { Register } from './context.ts';
import { exit } from './exit.ts';

interface RecoveryOptions extends BegunOptions {
  to?: string;
  target: string;
}

export const pointInTimeRestore: Register = (program, context, action) => {
  const command = program
    .command('point-in-time-restore')
    .description(
      'Restore the database to an earlier time, into a new instance, and switch the application to it',
    )
    .argument('<service>', 'name of a service definition')
    .option(
      '--to <time>',
      'the time, with its zone (2025-11-18T02:40:00Z); without it, just before the migration, if that can be found',
    )
    .option(
      '--target <revision>',
      '-1: the revision before the migration; or the one that the database had at that time',
      '-1',
    );
  beginning(command, context).action(
    action(async (service: string, _options: object, command: Command) => {
      const options = command.optsWithGlobals<RecoveryOptions>();
      const { to, target } = options;
      if (!(await isMeant(context, 'point-in-time-restore', service, options))) return exit.refused;
      return withBackstep(context, options, async (backstep) => {
        const started = await backstep.pointInTimeRestore({
          service,
          target,
          ...requestFields(options),
          ...(to === undefined ? {} : { to }),
        });
        return begun(context, backstep, service, started, options);
      });
    }),
  );
};
