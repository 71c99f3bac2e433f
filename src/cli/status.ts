import type { Command } from 'commander';
import { json, withVoice } from './context.ts';
import type { GlobalOptions, Register } from './context.ts';
import { ofStatus } from './exit.ts';
import { follow } from './follow.ts';
import { left } from './begun.ts';
import { terminalText } from '../views/render/terminal.ts';
import { statusBlocks } from './status-view.ts';

interface StatusOptions extends GlobalOptions {
  watch?: boolean;
}

export const status: Register = (program, context, action) => {
  program
    .command('status')
    .description('Show the newest operation of a service: its steps, and what it waits for')
    .argument('<service>', 'name of the service')
    .option('--watch', 'follow it until it has ended')
    .action(
      action(async (service: string, _options: object, command: Command) => {
        const options = command.optsWithGlobals<StatusOptions>();
        return withVoice(context, command, async (backstep) => {
          if (options.watch) {
            const last = await follow(context, backstep, service, options.json ? { json: true } : {});
            return last === undefined ? left(context, service, options) : ofStatus(last);
          }
          const found = await backstep.progress(service);
          const expected = await backstep.expected(service, found.type);
          if (options.json) context.out(json({ ...found, expected }));
          else {
            const now = Date.now();
            const blocks = statusBlocks(found, now, expected);
            context.out(terminalText(blocks, { colours: context.colours, now }));
          }
          return ofStatus(found);
        });
      }),
    );
};
