import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { z } from 'zod';
import { ClientError, clientError, noWorker } from './client/client-error.ts';
import { connectClient } from './client/connection.ts';
import type { ConnectOptions } from './client/connection.ts';
import { expected } from './client/expected.ts';
import { describeLastRun } from './client/last-run.ts';
import { start } from './client/start.ts';
import { alertRequest, startByAlert } from './client/start-by-alert.ts';
import { startRestore } from './client/start-restore.ts';
import type { Started } from './client/start.ts';
import { query, readStatus, watched, workerPolls } from './client/status.ts';
import type { Status } from './client/status.ts';
import { emergencyRequest } from './domain/plan/emergency-request.ts';
import { artifactsRequest, removeArtifactsRequest } from './domain/artifacts.ts';
import type { ArtifactList, RemovedArtifacts } from './domain/artifacts.ts';
import { messages } from './domain/approval/messages.ts';
import type {
  AcknowledgeMessage,
  AnnotateMessage,
  ApproveMessage,
  DecisionMessage,
  VerdictMessage,
} from './domain/approval/messages.ts';
import { taskQueue, workflowIdOf } from './domain/names.ts';
import { rehearsalIdOf, rehearseRequest } from './domain/live-rehearsal.ts';
import type { RehearsalResult } from './domain/live-rehearsal.ts';
import type { Assessment } from './domain/plan/plan.ts';
import { pointInTimeRequest } from './domain/plan/point-in-time.ts';
import type { Report } from './views/report/report.ts';
import { faultsOf, rollbackRequest } from './domain/plan/request.ts';
import type { RollbackRequest } from './domain/plan/request.ts';
import type { PlanView } from './views/progress.ts';

export { ClientError } from './client/client-error.ts';
export type { ClientErrorKind } from './client/client-error.ts';
export type { ConnectOptions } from './client/connection.ts';
export type { End } from './client/last-run.ts';
export type { Started } from './client/start.ts';
export type { AtWork, Doing, Expected } from './domain/journal/at-work.ts';
export type { Status } from './client/status.ts';

export interface BackstepOptions extends ConnectOptions {
  /**
   * For so long after a rollback a relative target is answered with that rollback; milliseconds, 1 h if not
   * given. The definition's own `coolDown` counts in any case, since the workflow looks too.
   */
  coolDown?: number;
  /** Where workers poll; `backstep` if not given. */
  taskQueue?: string;
  /** Longest wait for a worker's answer to a message; milliseconds, 20,000 if not given. */
  answerTimeout?: number;
}

type Verb = keyof typeof messages;

/** Connects to Temporal by the ordinary client settings (environment, TOML profile). Throws ClientError. */
export async function connectBackstep(options: BackstepOptions = {}): Promise<Backstep> {
  return new Backstep(await connectClient(options), options);
}

/** Starts rollbacks and restores, approves, decides and follows them. Every method throws ClientError and nothing else. */
export class Backstep {
  private readonly taskQueue: string;

  constructor(
    readonly temporal: Client,
    private readonly options: Pick<BackstepOptions, 'coolDown' | 'answerTimeout' | 'taskQueue'> = {},
  ) {
    this.taskQueue = options.taskQueue ?? taskQueue;
  }

  /** Starts the rollback of a service, or answers with the run that this request would repeat. */
  async start(request: z.input<typeof rollbackRequest>): Promise<Started> {
    const checked = parsed(rollbackRequest, request);
    return guarded('start the rollback', () =>
      start(this.temporal, this.taskQueue, { type: 'rollback', request: checked }, this.options.coolDown),
    );
  }

  /**
   * Starts the rollback that an alert asks for, or answers with the run to which the alert belongs: nothing is
   * sent to a run for a repeat.
   *
   * @param coolDown for so long after any operation of the service no alert starts another; milliseconds
   */
  async startByAlert(request: z.input<typeof alertRequest>, coolDown?: number): Promise<Started> {
    const checked = parsed(alertRequest, request);
    return guarded('start the rollback', () =>
      startByAlert(this.temporal, this.taskQueue, checked, coolDown ?? this.options.coolDown),
    );
  }

  /** Starts the point-in-time restore of a service, or answers with the run that this request would repeat. */
  async pointInTimeRestore(request: z.input<typeof pointInTimeRequest>): Promise<Started> {
    const begun = { type: 'pointInTimeRestore', request: parsed(pointInTimeRequest, request) } as const;
    return guarded('start the point-in-time restore', () =>
      start(this.temporal, this.taskQueue, begun, this.options.coolDown),
    );
  }

  /** Starts the emergency restore of a service; while a rollback holds, that one restores instead. */
  async emergencyRestore(request: z.input<typeof emergencyRequest>): Promise<Started> {
    const checked = parsed(emergencyRequest, request);
    return guarded('start the emergency restore', () => startRestore(this.temporal, this.taskQueue, checked));
  }

  /** Assesses and answers with the plan; touches nothing and takes no lock. */
  async plan(request: z.input<typeof rollbackRequest>): Promise<Assessment> {
    const checked: RollbackRequest = parsed(rollbackRequest, request);
    return guarded('make a plan', async () => {
      if (!(await workerPolls(this.temporal, this.taskQueue)))
        throw noWorker('there is nobody to make a plan');
      return (await this.temporal.workflow.execute('plan', {
        workflowId: `backstep-plan-${checked.service}-${randomUUID().slice(0, 8)}`,
        taskQueue: this.taskQueue,
        args: [checked],
        staticSummary: `Plan: ${checked.service} back to ${checked.target}`,
      })) as Assessment;
    });
  }

  /** What Backstep left for a service on its database server and where its dumps lie. */
  async artifacts(request: z.input<typeof artifactsRequest>): Promise<ArtifactList> {
    const checked = parsed(artifactsRequest, request);
    return this.answer<ArtifactList>('artifacts', checked, 'list what is kept');
  }

  /** Removes some of it; what an unfinished operation may need is refused by name. */
  async removeArtifacts(request: z.input<typeof removeArtifactsRequest>): Promise<RemovedArtifacts> {
    const checked = parsed(removeArtifactsRequest, request);
    return this.answer<RemovedArtifacts>('removeArtifacts', checked, 'remove what is kept');
  }

  /**
   * Does the downgrade on a copy of the live database, and answers with what it did there. One rehearsal of a
   * service at a time; what is in use is not waited for, nor made to wait.
   */
  async rehearse(request: z.input<typeof rehearseRequest>): Promise<RehearsalResult> {
    const checked = parsed(rehearseRequest, request);
    const { service, target } = checked;
    return guarded('rehearse', async () => {
      if (!(await workerPolls(this.temporal, this.taskQueue))) throw noWorker('there is nobody to rehearse');
      const workflowId = rehearsalIdOf(service);
      try {
        return (await this.temporal.workflow.execute('rehearse', {
          workflowId,
          taskQueue: this.taskQueue,
          args: [checked],
          workflowIdConflictPolicy: 'FAIL',
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          staticSummary: `Rehearse ${service} back to ${target}`,
        })) as RehearsalResult;
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        const next = `Wait for it: \`temporal workflow result --workflow-id ${workflowId}\`.`;
        throw new ClientError('refused', `A rehearsal of "${service}" is open already.`, next);
      }
    });
  }

  /** Approves one gate for one plan hash; answers what the rollback says to it. */
  approve = (service: string, message: ApproveMessage) => this.say(service, 'approve', message);
  reject = (service: string, message: VerdictMessage) => this.say(service, 'reject', message);
  decide = (service: string, message: DecisionMessage) => this.say(service, 'decide', message);
  acknowledge = (service: string, message: AcknowledgeMessage) => this.say(service, 'acknowledge', message);
  /** Notes an alert in the open rollback; changes nothing. */
  annotate = (service: string, message: AnnotateMessage, answerTimeout?: number) =>
    this.say(service, 'annotate', message, answerTimeout);

  /** How the newest rollback of a service stands. */
  async progress(service: string): Promise<Status> {
    return guarded('read its progress', async () =>
      readStatus(this.temporal, this.taskQueue, service, await this.lastRun(service)),
    );
  }

  /** How long each step usually takes, in milliseconds; empty where no earlier run tells. */
  expected = (service: string, type?: string) => expected(this.temporal, service, type);

  /** The plan of the newest rollback; null until it is pinned. */
  async pinnedPlan(service: string): Promise<PlanView> {
    return guarded('read its plan', async () => query(this.temporal, await this.lastRun(service), 'plan'));
  }

  /** The report of the newest rollback as far as it goes. */
  async report(service: string): Promise<Report> {
    return guarded('read its report', async () =>
      query(this.temporal, await this.lastRun(service), 'report'),
    );
  }

  /** Its progress again and again, until the run it begins with has ended; at most one second apart by default. */
  watch(service: string, every = 1_000, signal?: AbortSignal): AsyncGenerator<Status> {
    return watched(() => this.progress(service), every, signal);
  }

  async close(): Promise<void> {
    await this.temporal.connection.close();
  }

  private async lastRun(service: string) {
    const described = await describeLastRun(this.temporal, service);
    if (described !== undefined) return described;
    throw new ClientError(
      'none',
      `There was never a rollback of "${service}" in namespace ${this.temporal.options.namespace}.`,
      `Start one: \`backstep rollback ${service}\`.`,
    );
  }

  /** Runs a workflow that only answers, and waits for it. */
  private async answer<T>(type: string, request: { service: string }, doing: string): Promise<T> {
    return guarded(doing, async () => {
      if (!(await workerPolls(this.temporal, this.taskQueue))) throw noWorker(`there is nobody to ${doing}`);
      return (await this.temporal.workflow.execute(type, {
        workflowId: `backstep-${type}-${request.service}-${randomUUID().slice(0, 8)}`,
        taskQueue: this.taskQueue,
        args: [request],
        staticSummary: `${request.service}: ${doing}`,
      })) as T;
    });
  }

  private async say(service: string, verb: Verb, message: object, within?: number): Promise<string> {
    const checked = parsed<object>(messages[verb].schema, message);
    const doing = `${verb} it`;
    return guarded(doing, async () => {
      const run = await this.lastRun(service);
      if (run.status.name !== 'RUNNING') {
        const next = `Look at it: \`backstep status ${service}\`.`;
        throw new ClientError('none', `No rollback of "${service}" is open; the last one has ended.`, next);
      }
      if (!(await workerPolls(this.temporal, this.taskQueue))) throw noWorker(`"${verb}" was not sent`);
      const handle = this.temporal.workflow.getHandle(workflowIdOf(service), run.runId);
      const deadline = Date.now() + (within ?? this.options.answerTimeout ?? 20_000);
      const answer = await this.temporal.connection.withDeadline(deadline, () =>
        handle.executeUpdate<{ message: string }, [unknown]>(verb, { args: [checked] }),
      );
      return answer.message;
    });
  }
}

async function guarded<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw clientError(error, doing);
  }
}

function parsed<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const next = 'Correct what is named; nothing was touched.';
  throw new ClientError('invalid', `Invalid: ${faultsOf(result.error).join('; ')}`, next);
}
