import { z } from 'zod';
import { rollbackRequest } from './request.ts';
import type { PointInTime } from '../definition/point-in-time.ts';
import { count } from '../text.ts';

/** What starts a point-in-time restore: one JSON object, of which only `service` is needed. */
export const pointInTimeRequest = rollbackRequest.extend({
  to: z.iso
    .datetime({
      offset: true,
      error: 'must be a time with its zone, such as 2025-11-18T02:40:00Z or 2025-11-18T03:40:00+01:00',
    })
    .optional()
    .describe('The moment, with time zone; found from when the migration ran if not given'),
  target: rollbackRequest.shape.target.describe(
    'The revision that the database had at that moment: -1, the one before; or a revision, the present one too',
  ),
});
export type PointInTimeRequest = z.infer<typeof pointInTimeRequest>;

export interface Endpoint {
  host: string;
  port: number;
}

/** What a point-in-time restore does, pinned by `assess`. Times are ISO 8601 in UTC. */
export interface Moment {
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
  how: 'given' | 'commit-time' | 'proposed';
  /** By what it was found, in words. */
  evidence: string;
  earliest: string;
  latest: string;
  /** What the new instance gets as the old one has it, in words. */
  carries: string[];
  /** Subscriptions of the database: the new instance has them too, as they were at the moment. */
  subscriptions?: string[];
}

/** What nobody but a person can say at gate `start`: that a guess is right, or that a worker may run twice for a while. */
export const mustBeConfirmed = ({ how, subscriptions = [] }: Moment): boolean =>
  how === 'proposed' || subscriptions.length > 0;

/** The new instance, up and closed: its database is fenced off under the operation's name there too. */
export interface RestoredInstance {
  instance: string;
  endpoint: Endpoint;
  seconds: number;
  /** What a person has to do, or to know, of the new instance. */
  notes: string[];
}

/** A table as it is now, and as it was at the moment. Absent rows: there is no such table. */
export interface LossTable {
  table: string;
  now?: number;
  restored?: number;
  /** Rows inserted or changed since; absent where the server does not keep times of commits. */
  since?: number;
}

/** What of the new instance was compared, before anybody is asked. */
export interface ComparedInstance {
  revision: string;
  counts: Record<string, number>;
  /** SHA-256 of the schema. */
  catalog: string;
  /** Rows inserted, updated and deleted in it so far: one more, and it was written to since. */
  written: number;
  /** Tables that differ; at most 40. */
  tables: LossTable[];
  /** Tables of which nothing shows a difference. */
  equal: number;
  /** False only where every table is known to have got nothing since. */
  loses: boolean;
  checked: string[];
  /** What the service's own checks found wrong: people see it at gate `restore`, and decide. */
  wrong?: string[];
  notVerified: string[];
}

export interface SwitchedDatabase {
  /** `secret/key` of each URL that leads to the new instance now. */
  secrets: string[];
  /** Secret that keeps the URLs as they were. */
  kept: string;
  from: Endpoint;
  to: Endpoint;
}

export interface SwitchedBack {
  /** `secret/key` of each URL that leads to the old instance again; none where nothing had been switched. */
  secrets: string[];
}

export const at = ({ host, port }: Endpoint): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/** Secret in which the URLs are kept as they were; a person removes it. */
export const keptSecret = ({ operation }: Moment): string => `${operation}-database-before`;

const rows = (amount: number) => count(amount, 'row');

/** One table in one line. */
export function lossTableInWords({ table, now, restored, since }: LossTable): string {
  if (now === undefined) return `${table}: not there now, ${rows(restored ?? 0)} then`;
  if (restored === undefined) return `LOST: ${table}: ${rows(now)} now, and no such table then`;
  const written = since === undefined ? 'rows not compared one by one' : `${rows(since)} written since`;
  const lost = now > restored || (since ?? 0) > 0 ? 'LOST: ' : '';
  return `${lost}${table}: ${rows(now)} now, ${restored.toLocaleString('en')} then; ${written}`;
}

const found = {
  given: 'given',
  'commit-time': 'found by the time at which the migration was committed',
  proposed: 'PROPOSED, not known',
};

/** The moment in one line, for gates, report and command line. */
export const recoveryTimeInWords = ({ to, how, evidence }: Moment): string =>
  `${to} (${found[how]}${evidence === '' ? '' : `: ${evidence}`})`;
