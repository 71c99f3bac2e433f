import { deleteOperationJobs } from '../../kubernetes/jobs.ts';
import { dropDatabase } from '../../postgres/databases.ts';
import { defined } from '../../domain/defined.ts';
import { reportHtml, reportMarkdown } from '../../views/report/documents.ts';
import { reportOf } from '../../views/report/report.ts';
import type { Report } from '../../views/report/report.ts';
import { siblingName, workflowIdOf } from '../../domain/names.ts';
import type { StepInput } from '../activity-function.ts';
import type { ActivityContext } from '../context.ts';
import { removeJobSecrets } from '../jobs.ts';
import { redact } from '../../domain/redact.ts';
import { rehearsedIn } from '../rehearsal/leftovers.ts';
import type { ReportFiles } from '../../domain/journal/result.ts';

/** A person's own words may carry a secret into a reason. */
const redacted = (report: Report): Report =>
  JSON.parse(JSON.stringify(report), (_key, value: unknown) =>
    typeof value === 'string' ? redact(value) : value,
  ) as Report;

/**
 * `salvage` drops the rehearsed copy; where it was skipped, failed or never reached, it is dropped here. So are the
 * scratch databases of a rehearsal that was cancelled, and what was restored beside and did not take the place of
 * the database.
 */
async function dropCopies({ plan, admin: session }: ActivityContext, keepRecord: boolean): Promise<void> {
  const { operation, database } = plan;
  // What stays stopped may need what was restored.
  const restored = keepRecord ? [] : [siblingName(database.name, 'restored', operation)];
  await session(async (admin) => {
    for (const copy of [...rehearsedIn(database.name, operation), ...restored])
      await dropDatabase(admin, copy, operation);
  });
}

/**
 * Wants report.md, report.html and report.json in storage, no Secret of the operation left, and, unless something stays
 * stopped, no Job of it and its record closed (runbook, Post-Rollback). Written again, the files are the same:
 * they follow from the journal alone. Throws StorageFailed, KubernetesUnreachable, OperationLost.
 */
export async function report(
  context: ActivityContext,
  { hash, journal, outcome, keepRecord }: StepInput<'report'>,
): Promise<ReportFiles> {
  const { cluster, plan, service, operation, storage } = context;
  const workflowId = workflowIdOf(service.service);
  const written = redacted(
    reportOf(journal, { service: service.service, operation, workflowId, kind: plan.kind, plan, hash }),
  );

  context.progress({ doing: 'writing the report' });
  const json = await storage.put(`${operation}/report.json`, `${JSON.stringify(written, null, 2)}\n`);
  const text = await storage.put(`${operation}/report.md`, reportMarkdown(written));
  const page = await storage.put(`${operation}/report.html`, reportHtml(written));

  context.progress({ doing: 'cleaning up' });
  await removeJobSecrets(cluster, { operation, service });
  await dropCopies(context, keepRecord).catch((error: unknown) =>
    context.log.warn(`a copy could not be dropped: ${String(error)}`),
  );
  if (!keepRecord) {
    // The Jobs of an operation that stays stopped keep their logs for whoever takes over.
    const finished = plan.takesUp ? [operation, plan.takesUp.operation] : [operation];
    for (const each of finished) await deleteOperationJobs(cluster, service.namespace, each);
    const { from, target, request } = plan;
    const ended = {
      operation,
      from,
      target,
      outcome,
      endedAt: written.endedAt ?? new Date().toISOString(),
      ...defined({ trigger: request.trigger }),
    };
    await context.record.close(ended, service.snapshot.keepFor);
  }
  const pathOf = ({ ref }: { ref: string }) => storage.pathOf(ref);
  return { markdown: pathOf(text), json: pathOf(json), html: pathOf(page) };
}
