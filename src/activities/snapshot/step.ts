import type { Snapshot } from '../../domain/snapshot.ts';
import { hours, step } from '../../domain/step.ts';
import type { Tried } from '../../domain/step.ts';
import { bytes, rowsByTable, seconds, utc } from '../../domain/text.ts';

/** Answers `made: false` where space, time or rights forbid it: the backup alone must do then. */
export const takeSnapshot = step<Tried, Snapshot>()({
  name: 'snapshot',
  title: 'Make a snapshot',
  section: 'Step 2: Create Database Backup',
  onFailure: 'hold',
  decisions: ['retry', 'abort'],
  limits: { within: hours(12) },
  summary: (found) =>
    found.made
      ? {
          summary: `${bytes(found.bytes)} cloned in ${seconds(found.seconds)} (${found.method}); ${rowsByTable(found.counts)}; fingerprint ${found.fingerprint.slice(0, 12)}…`,
          notes: [
            `Database ${found.database}, closed to everyone, kept until ${utc(found.keepUntil)}`,
            ...found.notes,
          ],
        }
      : { summary: `NOT MADE, the backup alone is the way back: ${found.why}` },
});
