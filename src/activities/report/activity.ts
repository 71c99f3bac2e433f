import { deleteOperationJobs } from '../../kubernetes/jobs.ts';
import { close } from '../../kubernetes/records.ts';
import { withClient } from '../../postgres/connect.ts';
import { dropDatabase } from '../../postgres/databases.ts';
import type { ActivityInput, ActivityOutput } from '../../domain/deeds.ts';
import { reportHtml } from '../../views/report/html.ts';
import { reportMarkdown } from '../../views/report/markdown.ts';
import { reportOf } from '../../views/report/report.ts';
import type { Report } from '../../views/report/report.ts';
import { besideName, workflowIdOf } from '../../domain/names.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import { adminUrl, removeJobSecrets } from '../connections.ts';
import type { Attempt, Dependencies } from '../dependencies.ts';
import { redact } from '../redact.ts';
import { rehearsedIn } from '../rehearse/leftovers.ts';

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
async function dropCopies(
  dependencies: Dependencies,
  { operation, service, database }: Plan,
  keepRecord: boolean,
): Promise<void> {
  // What stays stopped may need what was restored.
  const restored = keepRecord ? [] : [besideName(database.name, 'restored', operation)];
  await withClient(await adminUrl(dependencies, service), { operation }, async (admin) => {
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
  dependencies: Dependencies,
  { plan, hash, journal, outcome, keepRecord }: ActivityInput<'report'>,
  attempt: Attempt,
): Promise<ActivityOutput<'report'>> {
  const { operation, service } = plan;
  const workflowId = workflowIdOf(service.service);
  const written = redacted(
    reportOf(journal, { service: service.service, operation, workflowId, plan, hash }),
  );

  attempt.progress({ doing: 'writing the report' });
  const json = await dependencies.storage.put(
    `${operation}/report.json`,
    `${JSON.stringify(written, null, 2)}\n`,
  );
  const text = await dependencies.storage.put(`${operation}/report.md`, reportMarkdown(written));
  const page = await dependencies.storage.put(`${operation}/report.html`, reportHtml(written));

  attempt.progress({ doing: 'cleaning up' });
  await removeJobSecrets(dependencies, { operation, service });
  await dropCopies(dependencies, plan, keepRecord).catch((error: unknown) =>
    attempt.log.warn(`a copy could not be dropped: ${String(error)}`),
  );
  if (!keepRecord) {
    // The Jobs of an operation that stays stopped keep their logs for whoever takes over.
    const finished = plan.takesUp ? [operation, plan.takesUp.operation] : [operation];
    for (const each of finished) await deleteOperationJobs(dependencies.cluster, service.namespace, each);
    const { from, target, request, database } = plan;
    const ended = {
      operation,
      from,
      target,
      outcome,
      endedAt: written.endedAt ?? new Date().toISOString(),
      ...(request.trigger !== undefined && { trigger: request.trigger }),
    };
    const { keepFor } = service.snapshot;
    await close(dependencies.cluster, dependencies.recordsNamespace, database, operation, ended, keepFor);
  }
  const pathOf = ({ ref }: { ref: string }) => dependencies.storage.pathOf(ref);
  return { markdown: pathOf(text), json: pathOf(json), html: pathOf(page) };
}
