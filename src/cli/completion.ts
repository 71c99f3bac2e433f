import { Argument } from 'commander';
import type { Command } from 'commander';
import { bashCompletion } from './completion/bash.ts';
import { fishCompletion } from './completion/fish.ts';
import { treeOf } from './completion/tree.ts';
import { zshCompletion } from './completion/zsh.ts';
import { json } from './context.ts';
import type { GlobalOptions, Register } from './context.ts';
import { exit } from './exit.ts';

const shells = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

const help = `
  bash: source <(backstep completion bash)
  zsh:  source <(backstep completion zsh), after compinit
  fish: backstep completion fish | source
`;

export const completion: Register = (program, context, action) => {
  program
    .command('completion')
    .description('Print a completion script for a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(shells)))
    .addHelpText('after', help)
    .action(
      action(async (shell: keyof typeof shells, _options: object, command: Command) => {
        const script = shells[shell](treeOf(program));
        const options = command.optsWithGlobals<GlobalOptions>();
        context.out(options.json ? json({ shell, script }) : script);
        return exit.done;
      }),
    );
};
