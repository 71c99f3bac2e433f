import { Argument } from 'commander';
import type { Command } from 'commander';
import { ClientError } from '../client.ts';
import { askHold, confirmed, mayAsk, showOpen } from './ask.ts';
import { json, withVoice } from './context.ts';
import type { GlobalOptions, Register } from './context.ts';
import { exit } from './exit.ts';
import { decisions } from '../domain/approval/answers.ts';
import type { Decision } from '../domain/approval/answers.ts';
import { consequenceOf, isDangerous } from '../views/facts.ts';

interface DecideOptions extends GlobalOptions {
  hold?: string;
  by: string;
  reason?: string;
  yes?: boolean;
}

export const decide: Register = (program, context, action) => {
  program
    .command('decide')
    .description('Decide at a hold: retry, skip, restore or abort')
    .argument('<service>', 'name of the service')
    .addArgument(new Argument('[decision]', 'without it you are asked').choices([...decisions]))
    .option('--hold <hold>', 'the hold that is meant; without it, the open one')
    .option('--by <name>', 'your name', context.person)
    .option('--reason <text>', 'reason, kept in the report')
    .option('--yes', 'do not ask before restore, skip or abort is sent from a terminal')
    .action(
      action(async (service: string, decision: Decision | undefined, _options: object, command: Command) => {
        const options = command.optsWithGlobals<DecideOptions>();
        const { by, reason } = options;
        return withVoice(context, command, async (backstep) => {
          const send = async (hold: string, decision: Decision) => {
            const message = { hold, decision, by, ...(reason === undefined ? {} : { reason }) };
            const answer = await backstep.decide(service, message);
            context.out(options.json ? json({ message: answer }) : `${answer}\n`);
            return exit.done;
          };
          const mustAsk = decision !== undefined && isDangerous(decision) && mayAsk(context, options);
          if (options.hold !== undefined && decision !== undefined && !mustAsk)
            return send(options.hold, decision);
          const { progress, noWorker } = await backstep.progress(service);
          if (progress === undefined) {
            throw new ClientError('no-worker', noWorker ?? 'No worker answers.', 'No decision was sent.');
          }
          const { hold } = progress;
          if (hold === undefined) {
            const next = `See what it is doing: \`backstep status ${service}\`.`;
            throw new ClientError('refused', `It does not hold; the rollback is at ${progress.phase}.`, next);
          }
          if (decision !== undefined) {
            const meant = options.hold ?? hold.hold;
            // Of a hold that is open no more nothing can be said: the workflow refuses the answer.
            if (mustAsk && meant === hold.hold) {
              showOpen(context, progress);
              const answer = { hold: hold.step, answer: decision };
              const { label, consequence } = consequenceOf(answer, progress.situation, progress);
              if (!(await confirmed(context, `${label} at hold ${meant}?`, consequence))) return exit.refused;
            }
            return send(meant, decision);
          }
          if (options.json || !context.interactive) {
            const next = `Give one: \`backstep decide ${service} ${hold.decisions.join('|')} --hold ${hold.hold}\`.`;
            throw new ClientError(
              'refused',
              `Hold ${hold.hold} needs a decision: ${hold.fault.message}`,
              next,
            );
          }
          showOpen(context, progress);
          const said = await askHold(context, backstep, { ...progress, hold }, by);
          if (said === undefined) return exit.refused;
          context.out(`${said}\n`);
          return exit.done;
        });
      }),
    );
};
