import { people, utc } from '../domain/text.ts';
import { commandOf } from '../views/render/terminal.ts';
import type { CliContext } from './context.ts';
import type { Progress } from '../views/progress.ts';

/** What a person must do now: the open gate or hold, with the commands to type. */
export function waitsFor(progress: Progress, colours: CliContext['colours']): string[] {
  const { service, gate, hold } = progress;
  if (hold !== undefined) {
    return [
      colours.yellow(`Hold ${hold.hold}: ${hold.fault.message}`),
      `  Next: ${hold.fault.next}`,
      ...(hold.runbooks ?? []).map(({ title, url }) => `  Related runbook: ${title}, ${url}`),
      ...(hold.deadline === undefined
        ? []
        : [`  Until ${utc(hold.deadline)}; then everything goes by onGiveUp.`]),
      ...hold.decisions.map(
        (decision) => `  ${commandOf({ service, verb: 'decide', decision, hold: hold.hold })}`,
      ),
      '  To undo the freeze by hand:',
      ...hold.byHand.map((command) => `    ${command}`),
    ];
  }
  if (gate !== undefined) {
    const by = gate.approvedBy.length === 0 ? '' : `; approved by ${gate.approvedBy.join(', ')}`;
    const { gate: name, hash } = gate;
    return [
      colours.yellow(
        `Gate ${gate.gate} waits for ${people(gate.people)}, plan ${gate.hash}, until ${utc(gate.expiresAt)}${by}`,
      ),
      ...gate.shows.map((line) => `  ${line}`),
      ...(['approve', 'reject'] as const).map(
        (verb) => `  ${commandOf({ service, verb, gate: name, hash })}`,
      ),
    ];
  }
  return [];
}
