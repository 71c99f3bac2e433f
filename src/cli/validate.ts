import type { Command } from 'commander';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ClientError } from '../client.ts';
import { check } from '../storage/definitions.ts';
import { json } from './context.ts';
import type { GlobalOptions, Register } from './context.ts';
import { exit } from './exit.ts';

export const validate: Register = (program, context, action) => {
  program
    .command('validate')
    .description('Check service definitions; every fault is named with its line')
    .argument('[files...]', `definitions; without them, all of ${context.services} (BACKSTEP_SERVICES)`)
    .action(
      action(async (files: string[], _options: object, command: Command) => {
        const { json: asJson } = command.optsWithGlobals<GlobalOptions>();
        const checked = await check(files.length > 0 ? files : await filesOf(context.services));
        const answers = [...checked].map(([file, { faults, definition }]) => ({
          file,
          valid: definition !== undefined,
          faults: faults.map(({ message }) => message),
        }));
        if (asJson) context.out(json(answers));
        for (const { file, valid, faults } of asJson ? [] : answers) {
          if (valid) context.out(`${context.colours.green('✔')} ${file}\n`);
          for (const message of faults) context.err(`${context.colours.red('✘')} ${message}\n`);
        }
        return answers.every(({ valid }) => valid) ? exit.done : exit.badInput;
      }),
    );
};

async function filesOf(directory: string): Promise<string[]> {
  const next = 'Name the files, or set BACKSTEP_SERVICES.';
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    throw new ClientError('invalid', `${directory} cannot be read: ${error.code}.`, next);
  });
  const files = names.filter((name) => /^[^.].*\.ya?ml$/.test(name)).toSorted();
  if (files.length === 0) throw new ClientError('invalid', `There is no definition in ${directory}.`, next);
  return files.map((name) => join(directory, name));
}
