import { plain } from '../views/blocks.ts';
import type { Action } from '../views/blocks.ts';
import { answerLine, gateQuestion, holdQuestion, whileHolding } from '../views/facts.ts';
import { gateActions, gateWaits, ifGateExpires } from '../views/gate.ts';
import { holdActions, ifHoldExpires } from '../views/hold.ts';
import type { Progress } from '../views/progress.ts';
import { commandOf } from '../views/render/terminal.ts';
import { wantsInWords } from '../domain/approval/gate-policy.ts';
import type { CliContext } from './context.ts';

/** What each answer leads to, with the command that gives it. */
const answers = (actions: readonly Action[]): string[] =>
  actions.flatMap((action) => [`  ${plain(answerLine(action))}`, `    ${commandOf(action)}`]);

/** What a person must do now: the open gate or hold, with the commands to type. */
export function waitsFor(progress: Progress, colours: CliContext['colours']): string[] {
  const { service, gate, hold, situation } = progress;
  if (hold !== undefined) {
    const at = { ...progress, hold };
    const expires = ifHoldExpires(at);
    return [
      colours.yellow(holdQuestion(hold.step, hold.part, hold.fault)),
      `  Hold ${hold.hold}. ${whileHolding(situation)}`,
      `  ${hold.fault.message}`,
      `  Next: ${hold.fault.next}`,
      ...(hold.runbooks ?? []).map(({ title, url }) => `  Related runbook: ${title}, ${url}`),
      ...(expires === undefined ? [] : [`  ${plain(expires)}`]),
      ...answers(holdActions(at)),
      ...(hold.byHand.length === 0
        ? []
        : [
            `  Only where Backstep is gone for good: the commands by hand are in \`backstep report ${service}\` and in the Temporal UI.`,
          ]),
    ];
  }
  if (gate !== undefined) {
    const at = { ...progress, gate };
    return [
      colours.yellow(gateQuestion(gate.gate, situation)),
      `  Gate ${gate.gate} ${gateWaits(gate)}, plan ${gate.hash}`,
      ...wantsInWords(gate.wants ?? {}).map((line) => `  ${line}`),
      `  ${plain(ifGateExpires(at))}`,
      ...gate.shows.map((line) => `  ${line}`),
      ...answers(gateActions(at)),
    ];
  }
  return [];
}
