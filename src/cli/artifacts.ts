import type { Command } from 'commander';
import type { Artifact, ArtifactList, RemovedArtifacts } from '../domain/artifacts.ts';
import { json, withBackstep } from './context.ts';
import type { GlobalOptions, Register } from './context.ts';
import { exit } from './exit.ts';
import { bytes } from '../domain/text.ts';

interface ArtifactOptions extends GlobalOptions {
  remove?: string[];
  expired?: boolean;
  by?: string;
}

export const artifacts: Register = (program, doors, action) => {
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
        return withBackstep(doors, options, async (backstep) => {
          if (names === undefined && expired !== true) {
            const list = await backstep.artifacts({ service });
            doors.out(options.json ? json(list) : `${listed(list).join('\n')}\n`);
            return exit.done;
          }
          const requestedBy = options.by ?? doors.person;
          const answer = await backstep.removeArtifacts({
            service,
            requestedBy,
            ...(names && { names }),
            ...(expired === true && { expired }),
          });
          doors.out(options.json ? json(answer) : `${removal(answer).join('\n')}\n`);
          return answer.refused.length === 0 ? exit.done : exit.refused;
        });
      }),
    );
};

/** One paragraph each: names are long, and people copy them. */
function listed({ service, artifacts: all, notes }: ArtifactList): string[] {
  if (all.length === 0 && notes.length === 0) return [`Nothing is kept of ${service}.`];
  return [...all.flatMap((each) => [each.name, `  ${inWords(each)}`]), ...notes];
}

const day = (time: string) => time.slice(0, 16).replace('T', ' ');

function inWords({ kind, operation, bytes: size, since, until, expired, heldBy }: Artifact): string {
  return [
    `${kind} of ${operation}`,
    ...(size === undefined ? [] : [bytes(size)]),
    ...(since === undefined ? [] : [`since ${day(since)} UTC`]),
    until === undefined ? 'until removed' : `until ${day(until)} UTC`,
    ...(expired ? ['EXPIRED'] : []),
    ...(heldBy === undefined ? [] : [`HELD: ${heldBy}`]),
  ].join(', ');
}

function removal({ removed, refused }: RemovedArtifacts): string[] {
  if (removed.length + refused.length === 0) return ['Nothing is expired.'];
  return [
    ...removed.map((name) => `Removed ${name}`),
    ...refused.map(({ name, why }) => `NOT removed ${name}: ${why}`),
  ];
}
