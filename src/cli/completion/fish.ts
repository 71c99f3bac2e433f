import { shellQuote } from '../../domain/text.ts';
import { brief } from './tree.ts';
import type { CompletedCommand, CompletedOption, CompletedProgram, Values } from './tree.ts';

/** Flags of `complete` for what takes such a value. */
function completer(values: Values): string {
  if (values === 'service') return `-a '(__backstep_services)'`;
  if (values === 'file') return '-F';
  return values === 'anything' ? '' : `-a ${shellQuote(values.join(' '))}`;
}

function option({ name, description, values }: CompletedOption): string {
  const value =
    values === undefined
      ? []
      : [values === 'file' ? '-r' : '-x', completer(values)].filter((flag) => flag !== '');
  return [`-l ${name.slice(2)}`, ...value, `-d ${shellQuote(brief(description))}`].join(' ');
}

function ofCommand(
  { name, options, arguments: places, repeats }: CompletedCommand,
  program: string,
): string[] {
  const here = `complete -c ${program} -n '__fish_seen_subcommand_from ${name}'`;
  return [
    ...options.map((each) => `${here} ${option(each)}`),
    ...places.flatMap((values, index) => {
      if (values === 'anything') return [];
      const at = repeats && index === places.length - 1 ? '-ge' : '-eq';
      const condition = `'__backstep_at ${name} ${at} ${index}'`;
      return [`complete -c ${program} -n ${condition} ${completer(values)}`];
    }),
  ];
}

/** Completion for fish, with what each word does beside it. */
export function fishCompletion({ name, options, commands }: CompletedProgram): string {
  const valued = [...options, ...commands.flatMap((command) => command.options)]
    .filter(({ values }) => values !== undefined)
    .map((each) => each.name);
  return `# fish completion of ${name}; write it to ~/.config/fish/completions/${name}.fish
function __backstep_services
    set -l directory services
    set -q BACKSTEP_SERVICES; and set directory $BACKSTEP_SERVICES
    for file in $directory/*.y*ml
        string replace -rf '.*/([a-z0-9-]+)\\.ya?ml$' '$1' -- $file
    end
end

# Whether the word under the cursor is the n-th argument of a command.
function __backstep_at --argument-names command comparison place
    set -l words (commandline -opc)[2..]
    set -l count -1
    set -l found ''
    set -l skip 0
    for word in $words
        if test $skip -eq 1
            set skip 0
        else if contains -- $word ${[...new Set(valued)].join(' ')}
            set skip 1
        else if not string match -q -- '-*' $word
            set count (math $count + 1)
            test -z "$found"; and set found $word
        end
    end
    test "$found" = $command; and test $count $comparison $place
end

complete -c ${name} -f
${options.map((each) => `complete -c ${name} ${option(each)}`).join('\n')}
${commands.map((command) => `complete -c ${name} -n __fish_use_subcommand -a ${command.name} -d ${shellQuote(brief(command.description))}`).join('\n')}
${commands.flatMap((command) => ofCommand(command, name)).join('\n')}
`;
}
