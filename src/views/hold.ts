import type { Situation } from '../domain/leads-to.ts';
import type { HoldProgress } from './progress.ts';
import { line, paragraph, sentence, where } from './blocks.ts';
import type { Action, Block, Text } from './blocks.ts';
import { advisedAt, consequenceOf, holdQuestion, ifNobodyDecides, whileHolding } from './facts.ts';
import type { Way } from './facts.ts';

/** Where an operation holds, as far as people read of it. */
export interface AtHold extends Way {
  service: string;
  situation: Situation;
  hold: HoldProgress;
}

/** Above the commands that undo the stop by hand, wherever they are shown. */
export const onlyByHand =
  'Only where Backstep is gone for good: while a worker runs, it stops everything again each second. Terminate the workflow and stop every worker first; then run all of it as one script.';

/** What happens by itself at the deadline; undefined where there is none. */
export const ifHoldExpires = ({ hold, situation, ...way }: AtHold): Text | undefined =>
  hold.deadline === undefined
    ? undefined
    : line`If nobody decides, it ends ${{ time: hold.deadline, as: 'until' }}. ${ifNobodyDecides(hold.step, situation, way)}`;

/** The question first, then how things are meanwhile, what failed, and the next move. */
export function holdBlocks(at: AtHold): Block[] {
  const { hold, situation } = at;
  const { fault, step, part } = hold;
  const expires = ifHoldExpires(at);
  return [
    paragraph({ strong: holdQuestion(step, part, fault) }),
    paragraph(line`Hold ${{ code: hold.hold }}. ${whileHolding(situation)}`),
    ...where(expires, paragraph(expires ?? '')),
    paragraph(sentence(fault.message)),
    paragraph(line`Next: ${sentence(fault.next)} (${fault.type})`),
  ];
}

/** What can be decided, the advised answer as the primary one. */
export function holdActions({ service, hold, situation, ...way }: AtHold): Action[] {
  const { step, decisions, fault } = hold;
  const advised = advisedAt(fault, decisions);
  return decisions.map((decision): Action => {
    const { label, consequence, danger } = consequenceOf({ hold: step, answer: decision }, situation, way);
    return {
      service,
      verb: 'decide',
      hold: hold.hold,
      decision,
      label,
      consequence,
      dangers: danger ? [consequence] : [],
      ...(decision === advised ? { tone: 'primary' } : danger ? { tone: 'danger' } : {}),
      reason: 'may',
    };
  });
}
