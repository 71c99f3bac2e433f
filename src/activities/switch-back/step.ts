import type { PointInTimePlan } from '../../domain/plan/plan.ts';
import { minutes, step } from '../../domain/step.ts';
import type { Tried } from '../../domain/step.ts';
import type { ComparedInstance } from '../compare-instance/step.ts';
import type { RestoredInstance } from '../restore-instance/step.ts';

export interface SwitchBackInput extends Tried<PointInTimePlan> {
  restored: RestoredInstance;
  compared: ComparedInstance;
}

export interface SwitchedBack {
  /** `secret/key` of each URL that leads to the old instance again; none where nothing had been switched. */
  secrets: string[];
}

/** Lets the Secrets lead to the old instance again, as long as nothing was written to the new one. */
export const switchBack = step<SwitchBackInput, SwitchedBack>()({
  name: 'switch-back',
  title: 'Let DATABASE_URL lead to the old instance again',
  section: 'Point-in-Time Recovery, 6',
  onFailure: 'hold',
  decisions: ['retry', 'abort'],
  limits: { within: minutes(15), perGigabyte: minutes(1) },
  restores: true,
  undoes: true,
  summary: (found) => ({
    summary:
      found.secrets.length === 0 ? 'Nothing had been switched' : `${found.secrets.join(', ')} as before`,
  }),
});
