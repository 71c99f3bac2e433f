import { setTimeout as pause } from 'node:timers/promises';
import { ClientError } from '../client.ts';
import type { Status } from '../client.ts';
import type { Voice } from '../client/gateway.ts';
import type { CliContext } from './context.ts';
import { waitsFor } from './waits-for.ts';
import type { Decision } from '../domain/approval/answers.ts';
import { plain } from '../views/blocks.ts';
import { answerLine } from '../views/facts.ts';
import { gateActions } from '../views/gate.ts';
import type { AtGate } from '../views/gate.ts';
import { holdActions } from '../views/hold.ts';
import type { AtHold } from '../views/hold.ts';
import type { Progress } from '../views/progress.ts';
import { terminalText } from '../views/render/terminal.ts';

/** What to call at every look of `follow`, so that the person at the terminal is asked; undefined without one. */
export function asker(context: CliContext, backstep: Voice, by: string) {
  if (!context.interactive) return undefined;
  const left = new Set<string>();
  return async ({ progress }: Status, stopDrawing: () => void): Promise<boolean> => {
    const open = progress?.hold?.hold ?? (progress?.gate && `${progress.gate.gate} ${progress.gate.hash}`);
    if (progress === undefined || open === undefined || left.has(open)) return false;
    if (progress.hold === undefined && progress.gate?.approvedBy.includes(by)) return false;
    stopDrawing();
    // What was drawn was cut at the width of the screen: nobody decides on half a line.
    showOpen(context, progress);
    const said = await ask(context, backstep, progress, by);
    // Asked once; a person who leaves it to another is not asked again.
    left.add(open);
    if (said !== undefined) context.out(`${said}\n`);
    return said !== undefined;
  };
}

async function ask(
  context: CliContext,
  backstep: Voice,
  progress: Progress,
  by: string,
): Promise<string | undefined> {
  const answeredElsewhere = new AbortController();
  const watching = untilAnswered(backstep, progress, answeredElsewhere);
  const signal = AbortSignal.any([answeredElsewhere.signal, context.interrupted]);
  try {
    if (progress.hold)
      return await askHold(context, backstep, { ...progress, hold: progress.hold }, by, signal);
    if (progress.gate)
      return await askGate(context, backstep, { ...progress, gate: progress.gate }, by, signal);
    return undefined;
  } catch (error) {
    if (signal.aborted) return undefined;
    if (error instanceof ClientError) return `${error.message} ${error.next}`;
    // Ctrl-C at the prompt.
    if ((error as Error).name === 'ExitPromptError') return undefined;
    throw error;
  } finally {
    answeredElsewhere.abort();
    await watching;
  }
}

/** Takes the question away when somebody else has answered it. */
async function untilAnswered(
  backstep: Voice,
  shown: Progress,
  answeredElsewhere: AbortController,
): Promise<void> {
  while (!answeredElsewhere.signal.aborted) {
    await pause(1_000, undefined, { signal: answeredElsewhere.signal }).catch(() => undefined);
    if (answeredElsewhere.signal.aborted) return;
    const status = await backstep.progress(shown.service).catch(() => undefined);
    const now = status?.progress;
    if (now === undefined) continue;
    if (now.hold?.hold !== shown.hold?.hold || now.gate?.hash !== shown.gate?.hash) answeredElsewhere.abort();
  }
}

/** Preselected: Enter alone answers nothing. */
const leave = { name: 'leave', value: 'leave', description: 'nothing is sent; somebody else decides' };

/** Asks for a verdict on the open gate and gives it; undefined where the person leaves it open. */
export async function askGate(
  context: CliContext,
  backstep: Voice,
  at: AtGate,
  by: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const { gate, hash } = at.gate;
  const choices = gateActions(at).map(({ verb, consequence }) => ({
    name: verb,
    value: verb,
    description: consequence,
  }));
  const verdict = await context.choose(
    `Gate ${gate}, plan ${hash}: what do you say, ${by}?`,
    [leave, ...choices],
    signal,
  );
  if (verdict === 'leave') return undefined;
  const message = { gate, plan: hash, by };
  return verdict === 'approve' ? backstep.approve(at.service, message) : backstep.reject(at.service, message);
}

/** Asks for the answer to the open hold and gives it; undefined where the person leaves it open. */
export async function askHold(
  context: CliContext,
  backstep: Voice,
  at: AtHold,
  by: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const { hold } = at.hold;
  const choices = holdActions(at).flatMap((action) =>
    action.verb === 'decide'
      ? [{ name: action.decision, value: action.decision, description: plain(answerLine(action)) }]
      : [],
  );
  const decision = await context.choose(
    `Hold ${hold}: what is to be done, ${by}?`,
    [leave, ...choices],
    signal,
  );
  if (decision === 'leave') return undefined;
  return backstep.decide(at.service, { hold, decision: decision as Decision, by });
}

/** Whether a person is asked before something is stopped, lost or deleted: at a terminal, unless told not to. */
export const mayAsk = (
  { interactive }: CliContext,
  { yes, json }: { yes?: boolean; json?: boolean },
): boolean => interactive && !json && !yes;

/** Whether something is to be sent, beside what it does; `no` is preselected. */
export async function confirmed(
  context: CliContext,
  question: string,
  consequence: string,
): Promise<boolean> {
  const answer = await context.choose(question, [
    { name: 'no', value: 'no', description: 'nothing is sent' },
    { name: 'yes', value: 'yes', description: consequence },
  ]);
  return answer === 'yes';
}

/** Prints what is open, for a person about to be asked. */
export function showOpen(context: CliContext, progress: Progress): void {
  context.out(terminalText(waitsFor(progress), { colours: context.colours, now: Date.now() }));
}
