import type { Command } from 'commander';
import { json, withVoice } from './context.ts';
import type { GlobalOptions, Register } from './context.ts';
import { exit } from './exit.ts';

export const acknowledge: Register = (program, context, action) => {
  program
    .command('acknowledge')
    .description('Say that you are on it; stops the current escalation')
    .argument('<service>', 'name of the service')
    .option('--by <name>', 'your name', context.person)
    .action(
      action(async (service: string, _options: object, command: Command) => {
        const options = command.optsWithGlobals<GlobalOptions & { by: string }>();
        return withVoice(context, command, async (backstep) => {
          const answer = await backstep.acknowledge(service, { by: options.by });
          context.out(options.json ? json({ message: answer }) : `${answer}\n`);
          return exit.done;
        });
      }),
    );
};
