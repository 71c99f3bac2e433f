import type { Argument, Command, Option } from 'commander';

/** What may stand for a value: one of these words, the name of a service, a file, or anything. */
export type Values = readonly string[] | 'service' | 'file' | 'anything';

export interface CompletedOption {
  /** With its dashes. */
  name: string;
  description: string;
  /** Absent of an option without value. */
  values?: Values;
}

export interface CompletedCommand {
  name: string;
  description: string;
  options: CompletedOption[];
  /** By position; the last one again where `repeats`. */
  arguments: Values[];
  repeats: boolean;
}

export interface CompletedProgram {
  name: string;
  /** Those that every command takes too. */
  options: CompletedOption[];
  commands: CompletedCommand[];
}

const valuesOf = (name: string, choices: readonly string[] | undefined): Values => {
  if (choices !== undefined && choices.length > 0) return choices;
  if (name === 'service') return 'service';
  return name === 'file' || name === 'files' ? 'file' : 'anything';
};

function completedOption({
  long,
  flags,
  description,
  required,
  optional,
  argChoices,
}: Option): CompletedOption {
  const [, value = ''] = /[<[]([\w-]+)/.exec(flags) ?? [];
  const takes = required || optional;
  return { name: long ?? flags, description, ...(takes && { values: valuesOf(value, argChoices) }) };
}

const completedArgument = (argument: Argument) => valuesOf(argument.name(), argument.argChoices);

/** Commands and options as commander knows them, so that what is completed is what is understood. */
export function treeOf(program: Command): CompletedProgram {
  const help = program.createHelp();
  return {
    name: program.name(),
    options: help.visibleOptions(program).map(completedOption),
    commands: help
      .visibleCommands(program)
      .filter((command) => command.name() !== 'help')
      .map((command) => ({
        name: command.name(),
        description: command.description(),
        options: help.visibleOptions(command).map(completedOption),
        arguments: command.registeredArguments.map(completedArgument),
        repeats: command.registeredArguments.at(-1)?.variadic ?? false,
      })),
  };
}

/** Where service definitions lie, as the shell sees it: the command itself would take longer than a person waits. */
export const services = '"${BACKSTEP_SERVICES:-services}"';

/** A word in single quotes. */

/** The first sentence of a description: what fits beside a word. */
export const brief = (description: string) => description.split(/[;(.:]/)[0]?.trim() ?? '';
