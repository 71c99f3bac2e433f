import type { Command } from 'commander';
import { requestFields, beginning, begun, isMeant } from './begun.ts';
import type { BegunOptions } from './begun.ts';
import { withVoice } from './context.ts';
import type { Register } from './context.ts';
import { exit } from './exit.ts';

interface RollbackOptions extends BegunOptions {
  target: string;
}

export const rollback: Register = (program, context, action) => {
  const command = program
    .command('rollback')
    .description('Start a rollback of a service')
    .argument('<service>', 'name of a service definition')
    .option('--target <revision>', '-1: one migration back; a revision; or base (extreme)', '-1');
  beginning(command, context).action(
    action(async (service: string, _options: object, command: Command) => {
      const options = command.optsWithGlobals<RollbackOptions>();
      const { target } = options;
      return withVoice(context, command, async (backstep) => {
        const plan = backstep.plan?.bind(backstep);
        const assess = plan && (() => plan({ service, target }));
        if (!(await isMeant(context, 'rollback', service, options, assess))) return exit.refused;
        const started = await backstep.start({
          service,
          target,
          ...requestFields(options),
        });
        return begun(context, backstep, service, started, options);
      });
    }),
  );
};
