import type { Assessment } from '../../domain/plan/plan.ts';
import type { Dependencies } from '../context.ts';
import type { AssessInputOf } from './step.ts';

/**
 * An end before a plan is told to whoever started it. Where that is an alert, nobody reads the answer: then the
 * definition, as far as it loads, says who is told.
 */
export async function withNotificationSettings(
  { definitions }: Pick<Dependencies, 'definitions'>,
  { request, onlyPlan }: Pick<AssessInputOf<undefined>, 'request' | 'onlyPlan'>,
  assessment: Assessment,
): Promise<Assessment> {
  if (assessment.kind === 'planned' || onlyPlan || request.alert === undefined) return assessment;
  const loaded = await definitions.load(request.service);
  if ('faults' in loaded || loaded.definition.notify.length === 0) return assessment;
  const { notify, namespace } = loaded.definition;
  return { ...assessment, tells: { notify, namespace } };
}
