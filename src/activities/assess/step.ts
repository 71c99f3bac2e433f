import { step, hours, summarized } from '../../domain/step.ts';
import { bytes, rowsByTable } from '../../domain/text.ts';
import type { OperationId } from '../../domain/names.ts';
import type { OperationRequest, Assessment, Observations } from '../../domain/plan/plan.ts';

/** Who asks, for the operation record; the same after a *Reset*. */
export interface OperationRun {
  operation: OperationId;
  workflowId: string;
  runId: string;
}

export type AssessInput = OperationRequest &
  OperationRun & {
    /** True for `backstep plan`: only tell, even where an operation is open. */
    onlyPlan: boolean;
  };

/** What `assess` is asked by one workflow type. */
export type AssessInputOf<K extends OperationRequest['kind']> = Extract<AssessInput, { kind: K }>;

export const assess = step<AssessInput, Assessment, Observations>()({
  name: 'assess',
  title: 'Assess: pin the plan, prove every right',
  section: 'Pre-Rollback Checklist; Step 3',
  onFailure: 'refuse',
  decisions: [],
  // An emergency restore reads the whole of what it restores from. A person waits for the answer: no long retries.
  limits: { within: hours(2), attempts: 5 },
  summary: (assessment) =>
    assessment.kind === 'planned'
      ? summarized(
          `Plan pinned; ${rowsByTable(assessment.observations.counts)}, ${bytes(assessment.observations.databaseBytes)}`,
          assessment.observations.notes,
        )
      : { summary: assessment.kind === 'nothing-to-do' ? assessment.reason : 'Refused' },
  found: (assessment) => (assessment.kind === 'planned' ? assessment.observations : undefined),
  fault: (assessment) => (assessment.kind === 'refused' ? assessment.faults[0] : undefined),
});
