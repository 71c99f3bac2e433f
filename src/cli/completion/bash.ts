import { shellQuote } from '../../domain/text.ts';
import { services } from './tree.ts';
import type { CompletedCommand, CompletedOption, CompletedProgram, Values } from './tree.ts';

function suggestion(values: Values): string {
  if (values === 'service') return 'suggest "$(_backstep_services)"';
  if (values === 'file') return 'COMPREPLY=($(compgen -f -- "$current"))';
  return values === 'anything' ? ':' : `suggest ${shellQuote(values.join(' '))}`;
}

const names = (options: readonly CompletedOption[]) => options.map(({ name }) => name);

/** Cases of `<command>:<option before the cursor>`. */
const valueCases = (command: string, options: readonly CompletedOption[]): string[] =>
  options.flatMap(({ name, values }) =>
    values === undefined ? [] : [`    ${command}:${name}) ${suggestion(values)}; return ;;`],
  );

/** Cases of `<command>:<how many arguments are there>`. */
const placeCases = ({ name, arguments: places, repeats }: CompletedCommand): string[] =>
  places.map((values, index) => {
    const at = repeats && index === places.length - 1 ? '*' : index;
    return `    ${name}:${at}) ${suggestion(values)} ;;`;
  });

/** Completion for bash 4 and later; nothing that is typed is evaluated. */
export function bashCompletion({ name, options, commands }: CompletedProgram): string {
  const all = [...options, ...commands.flatMap((command) => command.options)];
  const valued = new Set(names(all.filter(({ values }) => values !== undefined)));
  const everywhere = names(options.filter((option) => option.name !== '--version'));
  const optionCases = commands.map((command) => {
    const offered = new Set([...names(command.options), ...everywhere]);
    return `      ${command.name}) suggest ${shellQuote([...offered].join(' '))} ;;`;
  });
  return `# bash completion of ${name}; source it, or write it to ~/.local/share/bash-completion/completions/${name}
_backstep_services() {
  local file
  for file in ${services}/*.y*ml; do
    file=\${file##*/}
    file=\${file%.*}
    [[ $file == *[!a-z0-9-]* ]] || printf '%s\\n' "$file"
  done
}

_backstep() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command= place=-1 index
  COMPREPLY=()
  suggest() { COMPREPLY=($(compgen -W "$1" -- "$current")); }
  for ((index = 1; index < COMP_CWORD; index++)); do
    case \${COMP_WORDS[index]} in
      ${[...valued].join('|')}) ((index++)) ;;
      -*) ;;
      *)
        [[ -n $command ]] || command=\${COMP_WORDS[index]}
        ((place++)) ;;
    esac
  done
  case $command:$previous in
${[...valueCases('*', options), ...commands.flatMap((command) => valueCases(command.name, command.options))].join('\n')}
  esac
  if [[ $current == -* ]]; then
    case $command in
      '') suggest ${shellQuote(names(options).join(' '))} ;;
${optionCases.join('\n')}
    esac
    return
  fi
  case $command:$place in
    :*) suggest ${shellQuote(commands.map((command) => command.name).join(' '))} ;;
${commands.flatMap(placeCases).join('\n')}
  esac
}
complete -F _backstep ${name}
`;
}
