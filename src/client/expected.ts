import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import { workflowIdOf } from '../domain/names.ts';
import type { Expected } from '../domain/journal/at-work.ts';
import { isGuard, stepNames } from '../activities/steps.ts';

type HistoryEvent = proto.temporal.api.history.v1.IHistoryEvent;

const { EventType } = proto.temporal.api.enums.v1;

/** Older runs say little about a database that grows. */
const runsRead = 5;
/** A rollback has some hundred events; one with thousands is not read to its end. */
const mostEvents = 2_000;
/** Milliseconds for all of it: an estimate that takes longer is worth nothing. */
const patience = 5_000;

/**
 * How long each step of a service usually takes: the median over its last few completed runs, read from the
 * events of their histories, so that no worker is needed. What has ended changes no more: asked once per watching.
 * Empty where there were none, and where Temporal cannot tell: an estimate never stands in the way.
 *
 * @param type workflow type, as `Status` has it: a restore reads other things than a rollback in the same steps
 */
export async function expected(client: Client, service: string, type = 'rollback'): Promise<Expected> {
  try {
    return await client.connection.withDeadline(Date.now() + patience, async () => {
      const runs = await completedRuns(client, workflowIdOf(service), type);
      return medians(await Promise.all(runs.map((run) => timesOf(client, run))));
    });
  } catch {
    return {};
  }
}

interface Run {
  workflowId: string;
  runId: string;
}

async function completedRuns(client: Client, workflowId: string, type: string): Promise<Run[]> {
  const query = `WorkflowId = '${workflowId}' AND WorkflowType = '${type}' AND ExecutionStatus = 'Completed'`;
  const runs: Run[] = [];
  for await (const { runId } of client.workflow.list({ query, pageSize: runsRead })) {
    runs.push({ workflowId, runId });
    if (runs.length === runsRead) break;
  }
  return runs;
}

async function timesOf(client: Client, execution: Run): Promise<Map<string, number[]>> {
  const events: HistoryEvent[] = [];
  let nextPageToken: Uint8Array | undefined;
  do {
    const page = await client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution,
      ...(nextPageToken && { nextPageToken }),
    });
    events.push(...(page.history?.events ?? []));
    nextPageToken = page.nextPageToken?.length ? page.nextPageToken : undefined;
  } while (nextPageToken !== undefined && events.length < mostEvents);
  return stepTimes(events);
}

/** How long each step took that ended well, from its scheduling on: what a person waits for includes the retries. */
export function stepTimes(events: readonly HistoryEvent[]): Map<string, number[]> {
  const scheduled = new Map<string, { step: string; at: number }>();
  const times = new Map<string, number[]>();
  for (const { eventType, eventId, eventTime, ...event } of events) {
    if (eventType === EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED) {
      const name = event.activityTaskScheduledEventAttributes?.activityType?.name;
      const step = stepNames.find((known) => known === name);
      // That one ends when the others say so.
      if (step !== undefined && !isGuard(step))
        scheduled.set(String(eventId), { step, at: milliseconds(eventTime) });
    }
    if (eventType === EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED) {
      const began = scheduled.get(String(event.activityTaskCompletedEventAttributes?.scheduledEventId));
      if (began === undefined) continue;
      const took = milliseconds(eventTime) - began.at;
      times.set(began.step, [...(times.get(began.step) ?? []), took]);
    }
  }
  return times;
}

function medians(runs: readonly Map<string, number[]>[]): Expected {
  const expected: Expected = {};
  for (const step of stepNames) {
    const median = medianOf(runs.flatMap((times) => times.get(step) ?? []));
    if (median !== undefined) expected[step] = median;
  }
  return expected;
}

export function medianOf(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const [below = 0, above = 0] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]];
  return sorted.length === 0 ? undefined : Math.round((below + above) / 2);
}

const milliseconds = (time: HistoryEvent['eventTime']) =>
  Number(time?.seconds ?? 0) * 1_000 + Math.floor((time?.nanos ?? 0) / 1e6);
