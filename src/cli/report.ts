import type { Command } from 'commander';
import { reportHtml, reportMarkdown } from '../views/report/documents.ts';
import { json, withBackstep } from './context.ts';
import type { GlobalOptions, Register } from './context.ts';
import { exit } from './exit.ts';

interface ReportOptions extends GlobalOptions {
  html?: boolean;
}

export const report: Register = (program, context, action) => {
  program
    .command('report')
    .description('Print the report of the newest operation, also of one that still runs')
    .argument('<service>', 'name of the service')
    .option('--html', 'as one HTML file with a chart of the timeline')
    .action(
      action(async (service: string, _options: object, command: Command) => {
        const options = command.optsWithGlobals<ReportOptions>();
        return withBackstep(context, options, async (backstep) => {
          const found = await backstep.report(service);
          if (options.json) context.out(json(found));
          else context.out(options.html ? reportHtml(found) : reportMarkdown(found));
          return exit.done;
        });
      }),
    );
};
