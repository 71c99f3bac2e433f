import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { ClientError } from '../client.ts';
import { acknowledge } from './acknowledge.ts';
import { completion } from './completion.ts';
import { decide } from './decide.ts';
import { json } from './context.ts';
import { emergencyRestore } from './emergency-restore.ts';
import type { ActionOf, CliContext, GlobalOptions, Register } from './context.ts';
import { exit, exitHelp, ofError } from './exit.ts';
import type { Exit } from './exit.ts';
import { artifacts } from './artifacts.ts';
import { plan } from './plan.ts';
import { pointInTimeRestore } from './point-in-time-restore.ts';
import { rehearse } from './rehearse.ts';
import { report } from './report.ts';
import { rollback } from './rollback.ts';
import { setup } from './setup.ts';
import { status } from './status.ts';
import { validate } from './validate.ts';
import { approve, reject } from './verdict.ts';

const commands: Register[] = [
  setup,
  rollback,
  emergencyRestore,
  pointInTimeRestore,
  plan,
  rehearse,
  approve,
  reject,
  decide,
  acknowledge,
  status,
  report,
  artifacts,
  validate,
  completion,
];

const version = () =>
  (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string })
    .version;

/** Runs one command line, without the program's own name. Never throws; answers with the exit status. */
export async function run(words: readonly string[], context: CliContext): Promise<Exit> {
  let status: Exit = exit.done;
  const action: ActionOf =
    (work) =>
    async (...args) => {
      status = await work(...args);
    };
  const program = programOf(context, action);
  try {
    await program.parseAsync([...words], { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return misused(error, context, words);
    return sayError(error, context, program.opts<GlobalOptions>());
  }
}

/** The whole command, for whoever acts or only reads it. */
export function programOf(context: CliContext, action: ActionOf): Command {
  const program = new Command('backstep')
    .description('Rolls a bad database migration back.')
    .version(version())
    .option('--address <host:port>', 'Temporal server; without it, TEMPORAL_ADDRESS or the profile')
    .option('--namespace <name>', 'Temporal namespace; without it, TEMPORAL_NAMESPACE or the profile')
    .option('--profile <name>', 'profile of the Temporal TOML file; without it, TEMPORAL_PROFILE')
    .option(
      '--gateway <url>',
      'go through this gateway, which verifies who you are; without it, BACKSTEP_GATEWAY_URL',
    )
    .option('--token-file <file>', 'file with your token for the gateway; without it, BACKSTEP_GATEWAY_TOKEN')
    .option('--json', 'answer with JSON')
    .addHelpText('after', `\n${exitHelp}`)
    .showSuggestionAfterError()
    .configureOutput({ writeOut: context.out, writeErr: context.err })
    .exitOverride();
  for (const register of commands) register(program, context, action);
  return program;
}

/** Wrong words: said already for people, and here for programs, which read nothing else. */
function misused({ exitCode, message }: CommanderError, context: CliContext, words: readonly string[]): Exit {
  if (exitCode === 0) return exit.done;
  if (words.includes('--json')) {
    const next = 'Correct the command line; `--help` shows what there is.';
    context.out(json({ error: { kind: 'invalid', message: message.replace(/^error: /, ''), next } }));
  }
  return exit.badInput;
}

/** One sentence and the next move; never a stack, since nobody can mend Backstep at night. */
function sayError(error: unknown, context: CliContext, options: GlobalOptions): Exit {
  const known = error instanceof ClientError;
  const kind = known ? error.kind : 'failed';
  const message = error instanceof Error ? error.message : String(error);
  const next = known ? error.next : 'This is a bug in Backstep: please report it.';
  if (options.json) context.out(json({ error: { kind, message, next } }));
  else context.err(`${context.colours.red(message)}\n${next}\n`);
  return ofError[kind];
}
