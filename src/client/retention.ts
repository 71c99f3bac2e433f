import type { Client } from '@temporalio/client';
import { duration } from '../domain/text.ts';

/** By ended runs a repeat of an alert is known, an estimate made, and a last report read. */
const wanted = 24 * 3_600_000;

/** Why ended workflows are forgotten too soon in this namespace; undefined where they are not. */
export async function shortRetention({ workflowService, options }: Client): Promise<string | undefined> {
  const { namespace } = options;
  const { config } = await workflowService.describeNamespace({ namespace });
  const seconds = config?.workflowExecutionRetentionTtl?.seconds;
  const kept = Number(seconds ?? 0) * 1_000;
  if (kept === 0 || kept >= wanted) return undefined;
  return `Temporal keeps ended workflows of namespace ${namespace} for ${duration(kept)} only: an alert that is repeated later starts another rollback. Keep them for a day: temporal operator namespace update --namespace ${namespace} --retention 24h.`;
}
