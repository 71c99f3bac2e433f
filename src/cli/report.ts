import type { Command } from 'commander';
import { reportMarkdown } from '../runbook/report-markdown.ts';
import { json, withBackstep } from './doors.ts';
import type { GlobalOptions, Register } from './doors.ts';
import { exit } from './exit.ts';

export const report: Register = (program, doors, action) => {
  program
    .command('report')
    .description('Print the report of the newest rollback, as far as it goes')
    .argument('<service>', 'name of the service')
    .action(
      action(async (service: string, _options: object, command: Command) => {
        const options = command.optsWithGlobals<GlobalOptions>();
        return withBackstep(doors, options, async (backstep) => {
          const found = await backstep.report(service);
          doors.out(options.json ? json(found) : reportMarkdown(found));
          return exit.done;
        });
      }),
    );
};
