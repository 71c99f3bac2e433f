import { z } from 'zod';
import type { Fault } from './failures.ts';
import { serviceName } from './names.ts';
import type { Loss, Rehearsed } from './rehearsal.ts';
import { rollbackRequest } from './plan/request.ts';
import type { Evidence } from './evidence.ts';

const { target, reason } = rollbackRequest.shape;

/** What starts a rehearsal by itself: one JSON object, of which only `service` is needed. */
export const rehearseRequest = z.strictObject({
  service: serviceName.describe('Name of a service definition'),
  target,
  reason,
});
export type RehearseRequest = z.infer<typeof rehearseRequest>;

/** What the downgrade did on a copy of the live database. */
export type LiveRehearsal =
  | { outcome: 'works'; rehearsal: Rehearsed }
  /** Why: the migration tool's own error. */
  | { outcome: 'fails'; why: string; evidence?: Evidence }
  /** To a rollback, or to somebody who waited for a lock. */
  | { outcome: 'yielded'; why: string };

/** How a rehearsal by itself ended; `not kept`: what it found lost and the definition does not salvage. */
export type RehearsalResult =
  | ({ service: string; from: string; target: string; notSalvaged: Loss[] } & LiveRehearsal)
  | { service: string; outcome: 'nothing-to-do'; why: string }
  | { service: string; outcome: 'refused'; faults: Fault[] };

/** The workflow ID of a service's rehearsal: one at a time, beside a rollback. */
export const rehearsalIdOf = (service: string) => `backstep-${service}-rehearse`;
