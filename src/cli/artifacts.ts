import type { Command } from 'commander';
import type { Artifact, ArtifactList, RemovedArtifacts } from '../domain/artifacts.ts';
import { json, withBackstep } from './context.ts';
import type { GlobalOptions, Register } from './context.ts';
import { exit } from './exit.ts';
import { confirmed, mayAsk } from './ask.ts';
import { code, line, list } from '../views/blocks.ts';
import type { Block } from '../views/blocks.ts';
import { terminalText } from '../views/render/terminal.ts';

interface ArtifactOptions extends GlobalOptions {
  remove?: string[];
  removeExpired?: boolean;
  expired?: boolean;
  by?: string;
  yes?: boolean;
}

export const artifacts: Register = (program, context, action) => {
  program
    .command('artifacts')
    .description('List snapshots, failed databases, dumps and salvage scripts, or remove them')
    .argument('<service>', 'name of a service definition')
    .option('--remove <name...>', 'delete these, by the names listed')
    .option('--expired', 'list only what is older than the definition says')
    .option('--remove-expired', 'delete everything that is older than the definition says')
    .option('--by <person>', 'who deletes; without it, the user of this system')
    .option('--yes', 'do not ask on a terminal before it deletes')
    .action(
      action(async (service: string, _options: object, command: Command) => {
        const options = command.optsWithGlobals<ArtifactOptions>();
        const { remove: names, removeExpired } = options;
        return withBackstep(context, options, async (backstep) => {
          const show = async ({ artifacts: all, ...kept }: ArtifactList) => {
            const shown = { ...kept, artifacts: all.filter((artifact) => isShown(artifact, options)) };
            context.out(options.json ? json(shown) : terminalText(listed(shown), context));
            return shown.artifacts;
          };
          if (names === undefined && removeExpired !== true) {
            await show(await backstep.artifacts({ service }));
            return exit.done;
          }
          if (mayAsk(context, options)) {
            const shown = await show(await backstep.artifacts({ service }));
            if (shown.length === 0 && names === undefined) return exit.done;
            const question = `Delete ${names?.join(', ') ?? 'what is expired'}?`;
            if (!(await confirmed(context, question, 'deleted for good'))) return exit.refused;
          }
          const requestedBy = options.by ?? context.person;
          const answer = await backstep.removeArtifacts({
            service,
            requestedBy,
            ...(names && { names }),
            ...(removeExpired === true && { expired: true }),
          });
          context.out(options.json ? json(answer) : terminalText(removal(answer), context));
          return answer.refused.length === 0 ? exit.done : exit.refused;
        });
      }),
    );
};

/** Those that are asked for, or are to be removed; all of them where neither is said. */
const isShown = ({ name, expired }: Artifact, { remove, removeExpired, expired: only }: ArtifactOptions) =>
  remove === undefined ? expired || !(removeExpired || only) : remove.includes(name);

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
