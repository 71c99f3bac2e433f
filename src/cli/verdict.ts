import { Option } from 'commander';
import type { Command } from 'commander';
import { ClientError } from '../client.ts';
import type { Voice } from '../client/gateway.ts';
import type { VerdictMessage } from '../domain/approval/messages.ts';
import { consequenceOf } from '../views/facts.ts';
import { confirmed, showOpen } from './ask.ts';
import { json, withVoice } from './context.ts';
import type { CliContext, GlobalOptions, Register } from './context.ts';
import { exit } from './exit.ts';
import type { GateName } from '../domain/approval/answers.ts';
import type { GateProgress } from '../views/progress.ts';

interface VerdictOptions extends GlobalOptions {
  gate?: GateName;
  plan?: string;
  by: string;
  reason?: string;
  breakGlass?: boolean;
}

type Verb = 'approve' | 'reject';

const gates: GateName[] = ['start', 'downgrade', 'restore'];

/** What both verdicts take. */
const verdict = (program: Command, { person }: CliContext, verb: Verb, description: string): Command =>
  program
    .command(verb)
    .description(description)
    .argument('<service>', 'name of the service')
    .addOption(
      new Option('--gate <gate>', 'the gate that is meant; the open one if not given').choices(gates),
    )
    .option('--plan <hash>', 'the plan hash shown; without it, the gate is shown and you are asked')
    .option('--by <name>', 'your name; nobody checks it, and a gateway refuses it', person)
    .option('--reason <text>', 'reason, kept in the report');

const given =
  (context: CliContext, verb: Verb) => async (service: string, _options: object, command: Command) => {
    const options = command.optsWithGlobals<VerdictOptions>();
    const { by, reason, breakGlass } = options;
    return withVoice(context, command, async (backstep) => {
      const meant = await gateOf(context, backstep, service, verb, options);
      if (meant === undefined) return exit.refused;
      const message = {
        ...meant,
        by,
        ...(reason === undefined ? {} : { reason }),
        ...(breakGlass === undefined ? {} : { breakGlass }),
      };
      const answer = await backstep[verb](service, message);
      context.out(options.json ? json({ message: answer }) : `${answer}\n`);
      return exit.done;
    });
  };

export const approve: Register = (program, context, action) => {
  verdict(program, context, 'approve', 'Approve the open gate, for one plan hash')
    .option(
      '--break-glass',
      'pass the gate alone, with --reason, if the definition gives your role that right',
    )
    .action(action(given(context, 'approve')));
};

export const reject: Register = (program, context, action) => {
  verdict(program, context, 'reject', 'Reject the open gate').action(action(given(context, 'reject')));
};

/** The gate and hash that are meant: those given, or the open gate's after a person has seen it. */
async function gateOf(
  context: CliContext,
  backstep: Voice,
  service: string,
  verb: Verb,
  { gate, plan, json: asJson }: VerdictOptions,
): Promise<Pick<VerdictMessage, 'gate' | 'plan'> | undefined> {
  if (gate !== undefined && plan !== undefined) return { gate, plan };
  const { progress, noWorker } = await backstep.progress(service);
  if (progress === undefined) {
    throw new ClientError('no-worker', noWorker ?? 'No worker answers.', `"${verb}" was not sent.`);
  }
  const open = progress.gate;
  if (open === undefined || (gate !== undefined && gate !== open.gate)) {
    const which = gate === undefined ? 'No gate' : `Gate ${gate}`;
    const next = `See what it is doing: \`backstep status ${service}\`.`;
    throw new ClientError('refused', `${which} is not open; the rollback is at ${progress.phase}.`, next);
  }
  if (plan !== undefined) return { gate: open.gate, plan };
  if (asJson || !context.interactive)
    throw new ClientError('refused', notShown(open), nextOf(service, verb, open));
  showOpen(context, progress);
  const { label, consequence } = consequenceOf(
    { gate: open.gate, answer: verb },
    progress.situation,
    progress,
  );
  const isMeant = await confirmed(context, `${label} this plan, ${open.hash}?`, consequence);
  return isMeant ? { gate: open.gate, plan: open.hash } : undefined;
}

const notShown = ({ gate, hash }: GateProgress) =>
  `Gate ${gate} is open for plan ${hash}; without a terminal the hash must be given.`;

const nextOf = (service: string, verb: string, { gate, hash }: GateProgress) =>
  `Look at it with \`backstep status ${service}\`, then: backstep ${verb} ${service} --gate ${gate} --plan ${hash}`;
