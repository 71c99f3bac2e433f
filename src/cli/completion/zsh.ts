import { shellQuote } from '../../domain/text.ts';
import { brief, services } from './tree.ts';
import type { CompletedCommand, CompletedOption, CompletedProgram, Values } from './tree.ts';

/** How _arguments completes a value. */
function completer(values: Values): string {
  if (values === 'service') return ':service:_backstep_services';
  if (values === 'file') return ':file:_files';
  return values === 'anything' ? ':value: ' : `:value:(${values.join(' ')})`;
}

/** Colons and brackets part what _arguments reads. */
const plain = (description: string) => brief(description).replaceAll(/[[\]:\\]/g, ' ');

const option = ({ name, description, values }: CompletedOption) =>
  shellQuote(`${name}[${plain(description)}]${values === undefined ? '' : completer(values)}`);

const place = (values: Values, index: number, repeats: boolean) =>
  shellQuote(`${repeats ? '*' : index + 1}${completer(values)}`);

function ofCommand(
  { name, options, arguments: places, repeats }: CompletedCommand,
  shared: string[],
): string {
  const last = places.length - 1;
  const specs = [
    ...options.map(option),
    ...shared,
    ...places.map((values, index) => place(values, index, repeats && index === last)),
  ];
  return `      ${name}) _arguments ${specs.join(' \\\n        ')} ;;`;
}

/** Completion for zsh, with what each word does beside it. */
export function zshCompletion({ name, options, commands }: CompletedProgram): string {
  const shared = options.filter((each) => !['--version', '--help'].includes(each.name)).map(option);
  return `#compdef ${name}
# zsh completion of ${name}; write it to a directory of $fpath as _${name}, or source it after compinit
_backstep_services() {
  local name
  for name in ${services}/*.y*ml(N:t:r); do
    [[ $name == *[!a-z0-9-]* ]] || compadd -- $name
  done
}

_backstep() {
  local context state state_descr line
  typeset -A opt_args
  local -a commands
  commands=(
${commands.map((command) => `    ${shellQuote(`${command.name}:${brief(command.description)}`)}`).join('\n')}
  )
  _arguments -C -A '-*' ${[...options.map(option), shellQuote('1:command:->command'), shellQuote('*::arguments:->arguments')].join(' \\\n    ')}
  case $state in
    command) _describe 'command' commands ;;
    arguments) case $words[1] in
${commands.map((command) => ofCommand(command, shared)).join('\n')}
    esac ;;
  esac
}

if [ "$funcstack[1]" = "_backstep" ]; then _backstep; else compdef _backstep ${name}; fi
`;
}
