import type { PointInTimePlan } from '../../domain/plan/plan.ts';
import { at } from '../../domain/plan/point-in-time.ts';
import type { Endpoint } from '../../domain/plan/point-in-time.ts';
import { minutes, step } from '../../domain/step.ts';
import type { Tried } from '../../domain/step.ts';
import type { ComparedInstance } from '../compare-instance/step.ts';
import type { RestoredInstance } from '../restore-instance/step.ts';

export interface SwitchDatabaseInput extends Tried<PointInTimePlan> {
  restored: RestoredInstance;
  compared: ComparedInstance;
  /** Hash of what people approved. */
  approved: string;
}

export interface SwitchedDatabase {
  /** `secret/key` of each URL that leads to the new instance now. */
  secrets: string[];
  /** Secret that keeps the URLs as they were. */
  savedSecret: string;
  from: Endpoint;
  to: Endpoint;
}

/** Lets the Secrets of the definition lead to the new instance. */
export const switchDatabase = step<SwitchDatabaseInput, SwitchedDatabase>()({
  name: 'switch-database',
  title: 'Let DATABASE_URL lead to the new instance',
  section: 'Point-in-Time Recovery, 6',
  onFailure: 'put-back',
  decisions: [],
  limits: { within: minutes(15) },
  moves: true,
  summary: (found) => ({
    summary: `${found.secrets.join(', ')}: ${at(found.from)} → ${at(found.to)}`,
    notes: [`The URLs as they were are kept in Secret ${found.savedSecret}`],
  }),
});

/** What people approve at gate `restore` of a point-in-time restore: this plan, this instance, what is lost by it. */
export const approvedAtSwitch = (
  plan: PointInTimePlan,
  { instance, endpoint }: RestoredInstance,
  { counts, catalog, tables, loses, wrong }: ComparedInstance,
) => ({ plan, instance, endpoint, counts, catalog, tables, loses, ...(wrong && { wrong }) });
