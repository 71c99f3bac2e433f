import { ClientError } from '../../client.ts';
import type { Backstep, Expected, Status } from '../../client.ts';
import type { Report } from '../../views/report/report.ts';
import { temporalAnswers } from '../health.ts';
import type { PlanView } from '../../views/progress.ts';

/** Everything that the page of a service is drawn of: its newest run, as the server and the run itself tell it. */
export interface View {
  service: string;
  /** Absent where there never was a run. */
  status?: Status;
  /** Null until it is pinned, and where no worker answers. */
  plan: PlanView;
  /** As far as it goes; absent where no worker answers. */
  report?: Report;
  expected: Expected;
  /** Why nothing newer than this is known. */
  trouble?: { message: string; next: string };
}

/**
 * Looks at a service's newest run. What cannot have changed since `before` is not asked again: the plan is pinned,
 * the report follows from the journal, and what a step usually takes is read from runs that have ended.
 *
 * @throws ClientError where Temporal cannot be reached
 */
export async function look(backstep: Backstep, service: string, before?: View): Promise<View> {
  await temporalAnswers(backstep);
  const status = await backstep.progress(service).catch((error: unknown) => {
    if (error instanceof ClientError && error.kind === 'none') return undefined;
    throw error;
  });
  if (status === undefined) return { service, plan: null, expected: {} };
  const known = before?.status?.runId === status.runId ? before : undefined;
  // Without a worker a query waits in vain; what was known stays on the page.
  if (status.progress === undefined)
    return { service, plan: null, expected: {}, ...rememberedBy(known), status };
  const unchanged = JSON.stringify(known?.status?.progress) === JSON.stringify(status.progress);
  const [plan, report] = await Promise.all([
    known?.plan ?? orNothing(backstep.pinnedPlan(service), null),
    unchanged && known?.report ? known.report : orNothing(backstep.report(service), undefined),
  ]);
  return {
    service,
    status,
    plan,
    ...(report && { report }),
    expected: known?.expected ?? (await backstep.expected(service, status.type)),
  };
}

const rememberedBy = (known: View | undefined): Partial<View> =>
  known ? { plan: known.plan, expected: known.expected, ...(known.report && { report: known.report }) } : {};

/** The worker may have died between two questions; the page then shows what it has. */
async function orNothing<T, N>(asked: Promise<T>, nothing: N): Promise<T | N> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ClientError && (error.kind === 'no-worker' || error.kind === 'failed'))
      return nothing;
    throw error;
  }
}

/** Not ended, so that there is something to decide or to watch. */
export const isOpen = ({ status }: View): boolean => status !== undefined && status.endedAt === undefined;
