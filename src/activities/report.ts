import { deleteOperationJobs } from '../kubernetes/jobs.ts';
import { close } from '../kubernetes/records.ts';
import type { DeedInput, DeedOutput } from '../runbook/deeds.ts';
import { reportMarkdown } from '../runbook/report-markdown.ts';
import { reportOf } from '../runbook/report.ts';
import type { Report } from '../runbook/report.ts';
import { workflowIdOf } from '../runbook/names.ts';
import { removeJobSecrets } from './connections.ts';
import type { Attempt, Means } from './means.ts';
import { redact } from './redact.ts';

/** A person's own words may carry a secret into a reason. */
const redacted = (report: Report): Report =>
  JSON.parse(JSON.stringify(report), (_key, value: unknown) =>
    typeof value === 'string' ? redact(value) : value,
  ) as Report;

/**
 * Wants report.md and report.json in storage, no Secret of the operation left, and, unless something stays
 * stopped, no Job of it and its record closed (runbook, Post-Rollback). Written again, the files are the same:
 * they follow from the journal alone. Throws StorageFailed, KubernetesUnreachable, OperationLost.
 */
export async function report(
  means: Means,
  { plan, hash, journal, outcome, keepRecord }: DeedInput<'report'>,
  attempt: Attempt,
): Promise<DeedOutput<'report'>> {
  const { operation, service } = plan;
  const workflowId = workflowIdOf(service.service);
  const written = redacted(
    reportOf(journal, { service: service.service, operation, workflowId, plan, hash }),
  );

  attempt.progress({ doing: 'writing the report' });
  const json = await means.storage.put(`${operation}/report.json`, `${JSON.stringify(written, null, 2)}\n`);
  const text = await means.storage.put(`${operation}/report.md`, reportMarkdown(written));

  attempt.progress({ doing: 'cleaning up' });
  await removeJobSecrets(means, { operation, service });
  if (!keepRecord) {
    // The Jobs of an operation that stays stopped keep their logs for whoever takes over.
    const finished = plan.takesUp ? [operation, plan.takesUp.operation] : [operation];
    for (const each of finished) await deleteOperationJobs(means.cluster, service.namespace, each);
    const { from, target, request, database } = plan;
    await close(means.cluster, means.recordsNamespace, database, operation, {
      operation,
      from,
      target,
      outcome,
      endedAt: written.endedAt ?? new Date().toISOString(),
      ...(request.trigger !== undefined && { trigger: request.trigger }),
    });
  }
  return { markdown: means.storage.pathOf(text.ref), json: means.storage.pathOf(json.ref) };
}
