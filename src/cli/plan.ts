import type { Command } from 'commander';
import { json, withBackstep } from './context.ts';
import type { CliContext, GlobalOptions, Register } from './context.ts';
import { exit, isBadInput } from './exit.ts';
import type { Assessment } from '../domain/plan/plan.ts';
import { assessmentBlocks } from '../views/plan.ts';
import { terminalText } from '../views/render/terminal.ts';

interface PlanOptions extends GlobalOptions {
  target: string;
}

export const plan: Register = (program, context, action) => {
  program
    .command('plan')
    .description('Show what a rollback would do; touches nothing')
    .argument('<service>', 'name of a service definition')
    .option('--target <revision>', '-1: one migration back; a revision; or base', '-1')
    .action(
      action(async (service: string, _options: object, command: Command) => {
        const options = command.optsWithGlobals<PlanOptions>();
        return withBackstep(context, options, async (backstep) => {
          const asked = () => backstep.plan({ service, target: options.target });
          const assessment = options.json ? await asked() : await showPlan(context, asked);
          if (options.json) context.out(json(assessment));
          if (assessment.kind !== 'refused') return exit.done;
          return isBadInput(assessment.faults.map(({ type }) => type)) ? exit.badInput : exit.refused;
        });
      }),
    );
};

/** Assesses, and prints what it found. */
export async function showPlan(context: CliContext, assess: () => Promise<Assessment>): Promise<Assessment> {
  if (context.columns !== undefined) context.err('Assessing; nothing is touched. Usually some 10 s.\n');
  const assessment = await assess();
  context.out(terminalText(assessmentBlocks(assessment), context));
  return assessment;
}
