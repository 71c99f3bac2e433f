import type { Command } from 'commander';
import type { Started } from '../client.ts';
import type { Voice } from '../client/gateway.ts';
import { asker, confirmed, mayAsk } from './ask.ts';
import { json } from './context.ts';
import type { CliContext, GlobalOptions } from './context.ts';
import { exit, ofStatus } from './exit.ts';
import type { Exit } from './exit.ts';
import { follow } from './follow.ts';
import { ending } from './status-view.ts';
import { showPlan } from './plan.ts';
import type { Assessment, PlanKind } from '../domain/plan/plan.ts';
import { starting } from '../views/facts.ts';
import { terminalText } from '../views/render/terminal.ts';

export interface BegunOptions extends GlobalOptions {
  reason?: string;
  by: string;
  trigger?: string;
  watch?: boolean;
  yes?: boolean;
}

/** The options of every command that begins an operation. */
export const beginning = (command: Command, { person }: CliContext): Command =>
  command
    .option('--reason <text>', 'reason, kept in the report')
    .option('--by <name>', 'who asks', person)
    .option('--trigger <name>', 'names the incident: the same one again is answered with the first run')
    .option('--watch', 'follow it to its end, and ask for decisions on a terminal')
    .option('--yes', 'do not ask on a terminal before it begins');

/**
 * Whether it is to begin: a person at a terminal is asked first, for it stops the application where gate `start` asks
 * nobody. Scripts are not asked.
 *
 * @param assess makes the plan that the person sees before; where there is none, there is nothing to begin
 */
export async function isMeant(
  context: CliContext,
  kind: PlanKind,
  service: string,
  options: BegunOptions,
  assess?: () => Promise<Assessment>,
): Promise<boolean> {
  if (!mayAsk(context, options)) return true;
  if (assess !== undefined && (await showPlan(context, assess)).kind !== 'planned') return false;
  const { label, consequence } = starting(kind);
  return confirmed(context, `${label} of ${service}?`, consequence);
}

/** Who asks and why, as a request says it. */
export const requestFields = ({ reason, by: requestedBy, trigger }: BegunOptions) => ({
  requestedBy,
  ...(reason === undefined ? {} : { reason }),
  ...(trigger === undefined ? {} : { trigger }),
});

/** Says what was started, or which run answers instead, and follows it where that is asked for. */
export async function begun(
  context: CliContext,
  backstep: Voice,
  service: string,
  started: Started,
  options: BegunOptions,
): Promise<Exit> {
  if (!(options.watch && options.json)) say(context, service, started, options);
  if (started.already?.state === 'ended') return exit.refused;
  if (options.watch) return followed(context, backstep, service, options);
  return started.already === undefined ? exit.done : exit.refused;
}

/** Follows it to its end, and asks for decisions on a terminal. */
export async function followed(
  context: CliContext,
  backstep: Voice,
  service: string,
  options: BegunOptions,
): Promise<Exit> {
  const decide = asker(context, backstep, options.by);
  const last = await follow(context, backstep, service, {
    ...(options.json ? { json: true } : {}),
    ...(decide && !options.json ? { decide } : {}),
  });
  return last === undefined ? left(context, service, options) : ofStatus(last);
}

function say({ out, colours }: CliContext, service: string, started: Started, options: BegunOptions): void {
  if (options.json) return out(json(started));
  const { workflowId, runId, already, worker } = started;
  if (already === undefined) out(`Started ${workflowId} (run ${runId}).\n`);
  else {
    out(`Nothing was started: ${already.why}. See ${workflowId} (run ${runId}).\n`);
    const { end, state } = already;
    if (end) out(terminalText(ending({ end, state }), { colours }));
  }
  if (!worker) out(colours.yellow('No worker polls the task queue: start one.\n'));
  if (!options.watch && already?.state !== 'ended') out(`Follow it: backstep status ${service} --watch\n`);
}

/** Ctrl-C while following: the operation itself goes on. */
export function left(context: CliContext, service: string, options: GlobalOptions): Exit {
  if (!options.json) context.out(`\nIt goes on. Follow it: backstep status ${service} --watch\n`);
  return exit.interrupted;
}
