import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { Fault } from '../../domain/failures.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import { faultOf, runActivity } from './run-activity.ts';
import { StageExit, sentence } from './stage-exit.ts';
import type { Operation } from './operation.ts';
import { guardWrites } from '../../activities/guard-writes/step.ts';

interface Running {
  scope: CancellationScope;
  settled: Promise<void>;
}

/**
 * Keeps writes stopped beside the steps. It settles to a value and never rejects: a rejection that is not yet
 * awaited would wedge the workflow.
 */
export class WriteGuard {
  #running: Running | undefined;
  #gaveUp: Fault | undefined;

  constructor(private readonly operation: Operation) {}

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  start(plan: Plan): void {
    if (this.#running) return;
    const number = this.operation.nextTry(guardWrites.name);
    this.operation.note({ kind: 'step-began', step: guardWrites.name, try: number });
    const shield = new CancellationScope({ cancellable: false });
    // A cancel request must not end it: it ends just before something is started again.
    const scope = new CancellationScope({ cancellable: true, parent: shield });
    this.#gaveUp = undefined;
    this.#running = { scope, settled: scope.run(() => this.#keep(plan, number)) };
  }

  /** Ends it and waits until it has ended, so that what starts next is not stopped again. */
  async end(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    running.scope.cancel();
    await CancellationScope.nonCancellable(() => running.settled);
    this.#running = undefined;
  }

  /** Throws where it gave up: then nobody watches over the writes, and nothing irreversible may follow. */
  mustStand(): void {
    const gaveUp = this.#gaveUp;
    if (gaveUp)
      throw new StageExit({
        answer: { answer: 'failure' },
        reason: `Writes can no longer be kept stopped: ${sentence(gaveUp.message)}`,
      });
  }

  async #keep(plan: Plan, number: number): Promise<void> {
    const { operation } = this;
    const of = { step: guardWrites.name, try: number } as const;
    try {
      const found = await runActivity(guardWrites.name, { plan });
      for (const { what, reachedDatabase } of found.breaches)
        operation.note({ kind: 'breach', what, reachedDatabase });
      operation.note({ kind: 'step-ended', ...of, ...guardWrites.summary(found), found });
    } catch (error) {
      // Cancelled before its first attempt could answer: no breach was seen.
      if (isCancellation(error)) {
        operation.note({ kind: 'step-ended', ...of, summary: 'Ended before it had begun' });
        return;
      }
      const fault = faultOf(error);
      operation.note({ kind: 'step-failed', ...of, fault });
      this.#gaveUp = fault;
    }
  }
}
