import { line, list, paragraph, where } from '../views/blocks.ts';
import type { Action, Block, Text } from '../views/blocks.ts';
import { answerLine, gateQuestion, holdQuestion, whileHolding } from '../views/facts.ts';
import { gateActions, gateShows, gateWaits, ifGateExpires } from '../views/gate.ts';
import { byHandElsewhere, holdActions, ifHoldExpires } from '../views/hold.ts';
import type { GateProgress, HoldProgress, Progress } from '../views/progress.ts';
import { commandOf } from '../views/render/terminal.ts';
import { describeWants } from '../domain/approval/gate-policy.ts';

/** What each answer leads to, with the command that gives it. */
const answers = (actions: readonly Action[]): Text[] =>
  actions.flatMap((action) => [line`  ${answerLine(action)}`, `    ${commandOf(action)}`]);

const asked = (question: string, lines: readonly Text[]): Block[] => [
  paragraph({ badge: question, mood: 'waits' }),
  list(lines),
];

function atHold(progress: Progress, hold: HoldProgress): Block[] {
  const { service, situation } = progress;
  const at = { ...progress, hold };
  const expires = ifHoldExpires(at);
  return asked(holdQuestion(hold.step, hold.part, hold.fault), [
    `  Hold ${hold.hold}. ${whileHolding(situation)}`,
    `  ${hold.fault.message}`,
    `  Next: ${hold.fault.next}`,
    ...(hold.runbooks ?? []).map(({ title, url }) => `  Related runbook: ${title}, ${url}`),
    ...(expires === undefined ? [] : [line`  ${expires}`]),
    ...answers(holdActions(at)),
    ...where(hold.byHand.length > 0, `  ${byHandElsewhere(service)}`),
  ]);
}

function atGate(progress: Progress, gate: GateProgress): Block[] {
  const at = { ...progress, gate };
  return asked(gateQuestion(gate.gate, progress.situation), [
    `  Gate ${gate.gate} ${gateWaits(gate)}, plan ${gate.hash}`,
    ...describeWants(gate.wants ?? {}).map((each) => `  ${each}`),
    line`  ${ifGateExpires(at)}`,
    ...gateShows(gate).map((each) => `  ${each}`),
    ...answers(gateActions(at)),
  ]);
}

/** What a person must do now: the open gate or hold, with the commands to type. */
export function waitsFor(progress: Progress): Block[] {
  const { gate, hold } = progress;
  if (hold !== undefined) return atHold(progress, hold);
  return gate === undefined ? [] : atGate(progress, gate);
}
