import { describeLoss } from '../../domain/rehearsal.ts';
import type { Rehearsal } from '../../domain/rehearsal.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import { hours, step, summarized } from '../../domain/step.ts';
import type { Tried } from '../../domain/step.ts';
import { count, seconds } from '../../domain/text.ts';

export interface RehearseInput extends Tried {
  snapshot: Snapshot;
}

export const rehearse = step<RehearseInput, Rehearsal>()({
  name: 'rehearse',
  title: 'Rehearse the downgrade on a copy',
  section: 'Pre-Rollback Checklist: Test rollback in staging first',
  onFailure: 'hold',
  decisions: ['retry', 'abort'],
  limits: { within: hours(12) },
  summary: (found) =>
    found.rehearsed
      ? summarized(
          `The downgrade works on a copy, in ${seconds(found.seconds)}; ${count(found.changes.length, 'schema change')}, ${found.losses.length === 0 ? 'nothing lost' : `${count(found.losses.length, 'loss', 'losses')} measured`}`,
          [...found.warnings, ...found.losses.map(describeLoss)],
        )
      : { summary: `NOT REHEARSED: ${found.why}` },
});
