import { utc } from '../text.ts';
import { z } from 'zod';
import { rollbackRequest } from './request.ts';
import type { PointInTime } from '../definition/point-in-time.ts';

/** What starts a point-in-time restore: one JSON object, of which only `service` is needed. */
export const pointInTimeRequest = rollbackRequest.extend({
  to: z.iso
    .datetime({
      offset: true,
      error: 'must be a time with its zone, such as 2025-11-18T02:40:00Z or 2025-11-18T03:40:00+01:00',
    })
    .optional()
    .describe('The recovery time, with time zone; found from when the migration ran if not given'),
  target: rollbackRequest.shape.target.describe(
    'The revision that the database had at that time: -1, the one before; or a revision, the present one too',
  ),
});
export type PointInTimeRequest = z.infer<typeof pointInTimeRequest>;

export interface Endpoint {
  host: string;
  port: number;
}

/** What a point-in-time restore does, pinned by `assess`. Times are ISO 8601 in UTC. */
export interface Recovery {
  provider: PointInTime['provider'];
  /** The instance that is there, and the one that will be made beside it. */
  instance: string;
  newInstance: string;
  /** Operation whose id the new instance bears; that of an unfinished one, where it is taken up. */
  operation: string;
  /** How clients reach the instance that is there. */
  endpoint: Endpoint;
  /** Whole seconds. */
  to: string;
  /** `proposed` rests on times of the cluster alone: a person must confirm it. */
  how: 'requested' | 'commit-time' | 'proposed';
  /** By what it was found, in words. */
  evidence: string;
  earliest: string;
  latest: string;
  /** What the new instance gets as the old one has it, in words. */
  carries: string[];
  /** Subscriptions of the database: the new instance has them too, as they were at the recovery time. */
  subscriptions: string[];
}

/** What nobody but a person can say at gate `start`: that a guess is right, or that a worker may run twice for a while. */
export const mustBeConfirmed = ({ how, subscriptions }: Recovery): boolean =>
  how === 'proposed' || subscriptions.length > 0;

export const at = ({ host, port }: Endpoint): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/** Secret in which the URLs are kept as they were; a person removes it. */
export const savedSecret = ({ operation }: Recovery): string => `${operation}-database-before`;

const found = {
  requested: 'as requested',
  'commit-time': 'found by the time at which the migration was committed',
  proposed: 'PROPOSED, not known',
};

/** The recovery time in one line, for gates, report and command line. */
export const describeRecovery = ({ to, how, evidence }: Recovery): string =>
  `${utc(to)} (${found[how]}${evidence === '' ? '' : `: ${evidence}`})`;
