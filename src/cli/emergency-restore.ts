import type { Command } from 'commander';
import { ClientError } from '../client.ts';
import type { Started } from '../client.ts';
import { requestFields, beginning, followed, isMeant } from './begun.ts';
import type { BegunOptions } from './begun.ts';
import { json, withBackstep } from './context.ts';
import type { CliContext, Register } from './context.ts';
import { exit, ofEnd } from './exit.ts';
import { ending } from './status-view.ts';
import { terminalText } from '../views/render/terminal.ts';

interface RestoreOptions extends BegunOptions {
  from?: string;
  file?: string;
}

export const emergencyRestore: Register = (program, context, action) => {
  const command = program
    .command('emergency-restore')
    .description('Restore the database from a snapshot, a backup or a dump; the present one is kept')
    .argument('<service>', 'name of a service definition')
    .option(
      '--from <what>',
      'snapshot, backup, or the name of one; without it, the newest snapshot, then the newest backup',
    )
    .option('--file <path>', 'a dump on the backup store: .sql.gz, .sql, or custom format');
  beginning(command, context).action(
    action(async (service: string, _options: object, command: Command) => {
      const options = command.optsWithGlobals<RestoreOptions>();
      const { from, file } = options;
      if (from !== undefined && file !== undefined) {
        const next = 'A dump of your own is --file; a snapshot or a backup of Backstep is --from.';
        throw new ClientError('invalid', 'Name either --from or --file.', next);
      }
      const source = file === undefined ? from : { file };
      if (!(await isMeant(context, 'emergency-restore', service, options))) return exit.refused;
      return withBackstep(context, options, async (backstep) => {
        const started = await backstep.emergencyRestore({
          service,
          ...requestFields(options),
          ...(source === undefined ? {} : { from: source }),
        });
        if (!(options.watch && options.json)) say(context, service, started, options);
        const { already } = started;
        const handedOver = already?.end && 'result' in already.end && 'continuesAs' in already.end.result;
        if (already !== undefined && !handedOver) return already.end ? ofEnd(already.end) : exit.refused;
        if (!options.watch) return exit.done;
        return followed(context, backstep, service, options);
      });
    }),
  );
};

function say({ out, colours }: CliContext, service: string, started: Started, options: RestoreOptions): void {
  if (options.json) return out(json(started));
  const { workflowId, runId, already, worker } = started;
  if (already === undefined) out(`Started ${workflowId} (run ${runId}).\n`);
  else {
    out(`No emergency restore of its own was begun: ${already.why}.\n`);
    const { end } = already;
    if (end) out(terminalText(ending({ end, state: 'failed' }), { colours }));
  }
  if (!worker) out(colours.yellow('No worker polls the task queue: start one.\n'));
  if (!options.watch) out(`Follow it: backstep status ${service} --watch\n`);
}
