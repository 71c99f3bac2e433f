import type { Command } from 'commander';
import { lossInWords } from '../domain/rehearsal.ts';
import type { RehearsalResult } from '../domain/live-rehearsal.ts';
import type { Rehearsed } from '../domain/rehearsal.ts';
import { json, withBackstep } from './context.ts';
import type { CliContext, GlobalOptions, Register } from './context.ts';
import { exit, isBadInput } from './exit.ts';
import type { Exit } from './exit.ts';

interface RehearseOptions extends GlobalOptions {
  reason?: string;
}

export const rehearse: Register = (program, doors, action) => {
  program
    .command('rehearse')
    .description(
      'Try the downgrade on a copy of the running database, and show what it would lose; touches nothing',
    )
    .argument('<service>', 'name of a service definition')
    .argument('[target]', '-1: one migration back; a revision; or base', '-1')
    .option('--reason <text>', 'reason, shown in Temporal')
    .action(
      action(async (service: string, target: string, _options: object, command: Command) => {
        const options = command.optsWithGlobals<RehearseOptions>();
        const { reason } = options;
        return withBackstep(doors, options, async (backstep) => {
          if (doors.columns !== undefined)
            doors.err('Rehearsing on a copy; the database goes on being used.\n');
          const result = await backstep.rehearse({
            service,
            target,
            ...(reason !== undefined && { reason }),
          });
          if (options.json) doors.out(json(result));
          else doors.out(`${resultLines(result, doors.colours).join('\n')}\n`);
          return statusOf(result);
        });
      }),
    );
};

/** For CI: 0 means that this rollback would work, be right, and lose nothing that is not kept. */
export function statusOf(result: RehearsalResult): Exit {
  if (result.outcome === 'nothing-to-do') return exit.done;
  if (result.outcome === 'refused')
    return isBadInput(result.faults.map(({ type }) => type)) ? exit.badInput : exit.refused;
  if (result.outcome === 'yielded') return exit.refused;
  const right = result.outcome === 'works' && result.notKept.length === 0 && !isWrong(result.rehearsal);
  return right ? exit.done : exit.notRolledBack;
}

const isWrong = ({ wrong = [] }: Rehearsed): boolean => wrong.length > 0;

function resultLines(result: RehearsalResult, colours: CliContext['colours']): string[] {
  if (result.outcome === 'nothing-to-do') return [`${colours.green('Nothing to rehearse')}: ${result.why}`];
  if (result.outcome === 'refused')
    return result.faults.flatMap(({ type, message, next }) => [
      `${colours.red(type)}: ${message}`,
      `  Next: ${next}`,
    ]);
  const { service, from, target } = result;
  const what = `${colours.bold(service)}  ${from} → ${target}`;
  if (result.outcome === 'yielded') return [`${what}  ${colours.yellow('yielded')}: ${result.why}`];
  if (result.outcome === 'fails') return [`${what}  ${colours.red('FAILS')}`, result.why];
  const works = isWrong(result.rehearsal) ? colours.red('works, but is NOT RIGHT') : colours.green('works');
  return [`${what}  ${works}`, ...rehearsedLines(result.rehearsal, result.notKept.length)];
}

function rehearsedLines(rehearsal: Rehearsed, notKept: number): string[] {
  const { seconds, losses, changes, locks, warnings, evidence } = rehearsal;
  const some = notKept < losses.length ? `${notKept} of it ` : '';
  const kept = notKept > 0 ? `${some}NOT kept by salvage` : 'kept by salvage';
  return [
    `Took ${seconds} s`,
    ...section(`Would lose, ${kept}`, losses.map(lossInWords)),
    ...(losses.length === 0 ? ['Loses nothing'] : []),
    ...section('Warnings', warnings),
    ...section('Changes', changes),
    ...section(
      'Locks',
      locks.map(({ relation, mode }) => `${relation}: ${mode}`),
    ),
    evidence.summary,
  ];
}

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)];
