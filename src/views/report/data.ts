import { lossInWords } from '../loss.ts';
import type { Rehearsal } from '../../domain/rehearsal.ts';
import { loses, type Salvage } from '../../domain/salvage.ts';
import type { WayBack } from '../ways-back.ts';
import { bytes, duration } from '../../domain/text.ts';

/** Which way back existed at each moment, a line each. */
export const waysBackLines = (ways: readonly WayBack[]): string[] =>
  ways.flatMap(({ what, from, until, olderThanWritesFrom, notes = [] }) => [
    [
      `${from} to ${until ?? 'now'}: ${what}`,
      ...(until === undefined ? [] : ['used up by restoring from it']),
      ...(olderThanWritesFrom === undefined
        ? []
        : [`does not hold what was written from ${olderThanWritesFrom} on`]),
    ].join('; '),
    ...notes,
  ]);

/** What the copy showed before anybody was asked. */
export function rehearsalLines(rehearsal: Rehearsal | undefined): string[] {
  if (rehearsal === undefined) return ['The downgrade was not rehearsed.'];
  if (!rehearsal.rehearsed) return [`The downgrade was not rehearsed: ${rehearsal.why}`];
  const { seconds, locks, changes, losses, warnings, evidence } = rehearsal;
  return [
    `The downgrade works on a copy, in ${duration(seconds * 1_000)}`,
    ...warnings.map((warning) => `Warning: ${warning}`),
    ...changes.map((change) => `Changes: ${change}`),
    ...losses.map((loss) => `Loses: ${lossInWords(loss)}`),
    ...locks.map(({ relation, mode }) => `Locks ${relation}: ${mode}`),
    `Evidence: ${evidence.ref}, SHA-256 ${evidence.sha256}`,
  ];
}

/** What was kept, and what is lost, first of all what is lost. */
export function salvageLines(salvage: Salvage | undefined): string[] {
  if (salvage === undefined) return ['Nothing was salvaged.'];
  const { kept, salvaged, lost, unknown, notes } = salvage;
  return [
    ...(unknown === undefined ? [] : [`LOSS UNKNOWN: ${unknown}; only the ways back hold all of it`]),
    ...lost.map((loss) => `LOST, but for the ways back: ${lossInWords(loss)}`),
    ...salvaged.map(({ object, rows }) => `Kept: ${object}, ${rows.toLocaleString('en')} rows`),
    ...(kept
      ? [
          `In ${kept.file} on ${kept.store}, ${bytes(kept.bytes)}, SHA-256 ${kept.sha256}`,
          `Put back, once a corrected migration is applied: \`${kept.putBack}\``,
        ]
      : []),
    ...notes,
    ...(!loses(salvage) && salvaged.length + notes.length === 0 ? ['Nothing had to be kept.'] : []),
  ];
}

/** The statements of the salvage file without their data. */
export const statementsOf = (salvage: Salvage | undefined): string[] =>
  salvage?.kept === undefined ? [] : salvage.kept.statements.trim().split('\n');
