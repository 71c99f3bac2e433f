import type { Command } from 'commander';
import type { ArtifactList, RemovedArtifacts } from '../domain/artifacts.ts';
import { json, withBackstep } from './context.ts';
import type { GlobalOptions, Register } from './context.ts';
import { exit } from './exit.ts';
import { code, line, list } from '../views/blocks.ts';
import type { Block } from '../views/blocks.ts';
import { terminalText } from '../views/render/terminal.ts';

interface ArtifactOptions extends GlobalOptions {
  remove?: string[];
  expired?: boolean;
  by?: string;
}

export const artifacts: Register = (program, context, action) => {
  program
    .command('artifacts')
    .description('List snapshots, failed databases, dumps and salvage scripts, or remove them')
    .argument('<service>', 'name of a service definition')
    .option('--remove <name...>', 'delete these, by the names listed')
    .option('--expired', 'delete everything that is older than the definition says')
    .option('--by <person>', 'who deletes; without it, the user of this system')
    .action(
      action(async (service: string, _options: object, command: Command) => {
        const options = command.optsWithGlobals<ArtifactOptions>();
        const { remove: names, expired } = options;
        return withBackstep(context, options, async (backstep) => {
          if (names === undefined && expired !== true) {
            const kept = await backstep.artifacts({ service });
            context.out(options.json ? json(kept) : terminalText(listed(kept), context));
            return exit.done;
          }
          const requestedBy = options.by ?? context.person;
          const answer = await backstep.removeArtifacts({
            service,
            requestedBy,
            ...(names && { names }),
            ...(expired === true && { expired }),
          });
          context.out(options.json ? json(answer) : terminalText(removal(answer), context));
          return answer.refused.length === 0 ? exit.done : exit.refused;
        });
      }),
    );
};

/** The name stands last: names are long, and people copy them. */
const listed = ({ service, artifacts: all, notes }: ArtifactList): Block[] => [
  {
    kind: 'table',
    head: ['What', 'Size', 'Since', 'Until', '', 'Operation', 'Name'],
    rows: all.map(({ kind, operation, bytes, since, until, expired, heldBy, name }) => [
      kind,
      bytes === undefined ? undefined : { number: bytes, unit: 'bytes' },
      since === undefined ? undefined : { time: since, as: 'day' },
      until === undefined ? 'removed by hand' : { time: until, as: 'day' },
      heldBy === undefined ? (expired ? { badge: 'expired', mood: 'waits' } : '') : `held: ${heldBy}`,
      operation,
      code(name),
    ]),
    ...(notes.length === 0 && { none: `Nothing is kept of ${service}.` }),
  },
  list(notes),
];

const removal = ({ removed, refused }: RemovedArtifacts): Block[] => [
  list(
    [
      ...removed.map((name) => line`Removed ${code(name)}`),
      ...refused.map(({ name, why }) => line`${{ badge: 'NOT removed', mood: 'bad' }} ${code(name)}: ${why}`),
    ],
    'Nothing is expired.',
  ),
];
