import type { Findings } from './findings.ts';
import type { StepName } from './steps.ts';

const why = 'The rollback began with a version of Backstep that had no such step.';

/** What a step that came with a later version answers in a run that began before. */
export const beforeThereWas: { [S in StepName]?: Findings[S] } = {
  snapshot: { made: false, why },
  rehearse: { rehearsed: false, why },
  salvage: { salvaged: [], lost: [], notes: [why] },
};
