import { guardWrites } from '../../activities/guard-writes/step.ts';
import type { StoppedWrites } from '../../activities/stop-writes/step.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import type { Operation } from './operation.ts';
import { background } from './run-step.ts';
import type { BackgroundStep } from './run-step.ts';
import { StageExit, sentence } from './stage-exit.ts';
import { step } from './step.ts';

/** Stopping writes, guarding that they stay stopped, and starting the application again (law 3). */
export class Writes {
  #guard: BackgroundStep<typeof guardWrites.name> | undefined;

  constructor(private readonly operation: Operation) {}

  /** Runbook, Step 1. `again` after they had resumed: the counts taken first stay in force. */
  async stop(plan: Plan, again = false): Promise<StoppedWrites> {
    const { operation } = this;
    const stopped = await step(operation, 'stop-writes', { plan, ...operation.run, again });
    this.#beginGuard(plan);
    return stopped;
  }

  /** Stops them again where they have resumed, or where nobody keeps them stopped. */
  async ensureStopped(plan: Plan): Promise<void> {
    if (this.#guard === undefined) await this.stop(plan, true);
  }

  /** Throws where the guard failed: nobody watches over the writes, and nothing irreversible may follow. */
  mustBeGuarded(): void {
    const last = this.operation.journal.findLast(
      (entry) => 'step' in entry && entry.step === guardWrites.name,
    );
    if (last?.kind !== 'step-failed') return;
    throw new StageExit({
      answer: { answer: 'failure' },
      reason: `Writes can no longer be kept stopped: ${sentence(last.fault.message)}`,
    });
  }

  /** Runbook, Step 7. A start that fails stops writes again before anybody is asked. */
  async start(plan: Plan): Promise<void> {
    await step(
      this.operation,
      'start-app',
      { plan },
      {
        // Otherwise what starts would be stopped again.
        first: () => this.#endGuard(),
        afterFailure: async () => {
          await this.stop(plan, true);
        },
      },
    );
  }

  #beginGuard(plan: Plan): void {
    this.#guard ??= background(this.operation, guardWrites.name, { plan });
  }

  async #endGuard(): Promise<void> {
    const guard = this.#guard;
    this.#guard = undefined;
    await guard?.end();
  }
}
