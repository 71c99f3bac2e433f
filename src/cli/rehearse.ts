import type { Command } from 'commander';
import type { RehearsalResult } from '../domain/live-rehearsal.ts';
import type { Rehearsed } from '../domain/rehearsal.ts';
import { line, paragraph } from '../views/blocks.ts';
import type { Block, Inline } from '../views/blocks.ts';
import { rehearsalBlocks } from '../views/losses.ts';
import { faultBlocks } from '../views/plan.ts';
import { terminalText } from '../views/render/terminal.ts';
import { json, withBackstep } from './context.ts';
import type { GlobalOptions, Register } from './context.ts';
import { exit, isBadInput } from './exit.ts';
import type { Exit } from './exit.ts';

interface RehearseOptions extends GlobalOptions {
  reason?: string;
}

export const rehearse: Register = (program, context, action) => {
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
        return withBackstep(context, options, async (backstep) => {
          if (context.columns !== undefined)
            context.err('Rehearsing on a copy; the application keeps using the database.\n');
          const result = await backstep.rehearse({
            service,
            target,
            ...(reason !== undefined && { reason }),
          });
          if (options.json) context.out(json(result));
          else context.out(terminalText(resultBlocks(result), context));
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
  const right = result.outcome === 'works' && result.notSalvaged.length === 0 && !isWrong(result.rehearsal);
  return right ? exit.done : exit.notRolledBack;
}

const isWrong = ({ wrong = [] }: Rehearsed): boolean => wrong.length > 0;

function resultBlocks(result: RehearsalResult): Block[] {
  if (result.outcome === 'nothing-to-do')
    return [paragraph(line`${{ badge: 'Nothing to rehearse', mood: 'good' }}: ${result.why}`)];
  if (result.outcome === 'refused') return faultBlocks(result.faults);
  const { service, from, target } = result;
  const way = line`${{ strong: service }}  ${from} → ${target}  `;
  if (result.outcome === 'yielded')
    return [paragraph(line`${way}${{ badge: 'yielded', mood: 'waits' }}: ${result.why}`)];
  if (result.outcome === 'fails')
    return [paragraph(line`${way}${{ badge: 'FAILS', mood: 'bad' }}`), paragraph(result.why)];
  const works: Inline = isWrong(result.rehearsal)
    ? { badge: 'works, but is NOT RIGHT', mood: 'bad' }
    : { badge: 'works', mood: 'good' };
  return [
    paragraph(line`${way}${works}`),
    ...rehearsalBlocks(result.rehearsal, { lost: result.notSalvaged }),
  ];
}
