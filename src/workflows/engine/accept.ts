import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import type { ZodType } from 'zod';
import { fault } from '../../domain/failures.ts';
import type { FailureType } from '../../domain/failures.ts';
import { faultsOf } from '../../domain/plan/request.ts';
import { decoded } from './payload.ts';

/** Ends the workflow Failed, with the next move; only for what stands at its very beginning, with nothing touched. */
export class Refusal extends ApplicationFailure {
  constructor(type: FailureType, message: string, details: unknown[] = []) {
    super(`${message} ${fault(type, message).next}`, type, true, details);
  }
}

/** A server may fill a time-out in by itself (the time-skipping one: ten years); that far away it is none. */
const isLimit = (timeout: number | undefined) =>
  timeout !== undefined && timeout > 0 && timeout < 365 * 24 * 3_600_000;

/** Parses what the workflow was started with; throws InvalidRequest with every fault named. */
export function accept<T>(input: unknown, schema: ZodType<T>): T {
  const { runTimeoutMs, executionTimeoutMs } = workflowInfo();
  const faults = [
    ...(isLimit(runTimeoutMs) ? ['a run time-out'] : []),
    ...(isLimit(executionTimeoutMs) ? ['an execution time-out'] : []),
  ].map((what) => `${what} is set: it would end the operation with writes stopped and put nothing back`);
  const sent = decoded(input);
  const parsed = 'value' in sent ? schema.safeParse(sent.value) : undefined;
  if ('fault' in sent) faults.push(sent.fault);
  if (parsed?.error) faults.push(...faultsOf(parsed.error));
  if (parsed?.data && faults.length === 0) return parsed.data;
  throw new Refusal('InvalidRequest', `${faults.join('; ')}.`, [faults]);
}
