import type { PointInTimePlan } from '../../domain/plan/plan.ts';
import { at } from '../../domain/plan/point-in-time.ts';
import type { Endpoint } from '../../domain/plan/point-in-time.ts';
import { hours, step, summarized } from '../../domain/step.ts';
import type { Tried } from '../../domain/step.ts';
import { seconds } from '../../domain/text.ts';

/** The new instance, up and closed: its database is fenced off under the operation's name there too. */
export interface RestoredInstance {
  instance: string;
  endpoint: Endpoint;
  seconds: number;
  /** What a person has to do, or to know, of the new instance. */
  notes: string[];
}

/** Has the provider restore into a new instance, and fences the database off there too. */
export const restoreInstance = step<Tried<PointInTimePlan>, RestoredInstance>()({
  name: 'restore-instance',
  title: 'Restore into a new instance, as it was at the recovery time',
  section: 'Point-in-Time Recovery, 3 to 5',
  onFailure: 'hold',
  decisions: ['retry', 'abort'],
  limits: { within: hours(12) },
  restores: true,
  summary: (found) =>
    summarized(`${found.instance} at ${at(found.endpoint)} after ${seconds(found.seconds)}`, found.notes),
});
