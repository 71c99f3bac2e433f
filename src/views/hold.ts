import type { Situation } from '../domain/leads-to.ts';
import type { HoldProgress } from './progress.ts';
import { line } from './blocks.ts';
import type { Action, Text } from './blocks.ts';
import { advisedAt, consequenceOf, ifNobodyDecides } from './facts.ts';
import type { Way } from './facts.ts';

/** Where an operation holds, as far as people read of it. */
export interface AtHold extends Way {
  service: string;
  situation: Situation;
  hold: HoldProgress;
}

const ifGone = 'Only where Backstep is gone for good';

/** In place of the commands that undo the stop by hand, where they would be in the way of the answers. */
export const byHandElsewhere = (service: string): string =>
  `${ifGone}: the commands by hand are in \`backstep report ${service}\` and in the Temporal UI.`;

/** Above the commands that undo the stop by hand, wherever they are shown. */
export const onlyByHand = `${ifGone}: while a worker runs, it stops everything again each second. Terminate the workflow and stop every worker first; then run all of it as one script.`;

/** What happens by itself at the deadline; undefined where there is none. */
export const ifHoldExpires = ({ hold, situation, ...way }: AtHold): Text | undefined =>
  hold.deadline === undefined
    ? undefined
    : line`If nobody decides, it ends ${{ time: hold.deadline, as: 'until' }}. ${ifNobodyDecides(hold.step, situation, way)}`;

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
