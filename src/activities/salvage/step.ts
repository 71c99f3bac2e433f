import type { EstimatedLosses } from '../../domain/diagnosis.ts';
import type { Rehearsal } from '../../domain/rehearsal.ts';
import type { Salvage } from '../../domain/salvage.ts';
import { hours, step, summarized } from '../../domain/step.ts';
import type { Tried } from '../../domain/step.ts';
import { bytes, count } from '../../domain/text.ts';

export interface SalvageInput extends Tried {
  rehearsal: Rehearsal;
  /** What `assess` judged from the catalog: kept where nothing was rehearsed, as far as it is there. */
  first?: EstimatedLosses;
}

export const salvage = step<SalvageInput, Salvage>()({
  name: 'salvage',
  title: 'Keep what the downgrade would destroy',
  section: 'When to Rollback: Data has been written that depends on new schema',
  onFailure: 'hold',
  decisions: ['retry', 'skip', 'abort'],
  skipped:
    'It goes on without saving what the downgrade destroys: that is then only in the snapshot and the backup. Gate downgrade asks those who approve a loss.',
  limits: { within: hours(12) },
  summary: (found) =>
    summarized(
      found.saved
        ? `${count(found.salvaged.length, 'object')} kept in ${found.saved.file}, ${bytes(found.saved.bytes)}`
        : found.lost.length > 0
          ? `NOT KEPT: ${count(found.lost.length, 'loss', 'losses')}`
          : found.unknown === undefined
            ? 'Nothing had to be kept'
            : 'NOT KEPT: it is not known what is lost',
      [
        ...(found.unknown === undefined ? [] : [`LOSS UNKNOWN: ${found.unknown}`]),
        ...found.salvaged.map(({ object, rows }) => `${object}: ${count(rows, 'row')} kept`),
        ...found.notes,
      ],
    ),
});
