import type { Plan } from '../../domain/plan/plan.ts';
import type { WriteGuard } from './write-guard.ts';
import type { Escalation } from './escalation.ts';
import type { Operation } from './operation.ts';
import { step } from './run-step.ts';
import type { StoppedWrites } from '../../activities/stop-writes/step.ts';

/** Stopping writes and starting the application: the two steps that belong to each other (law 3). */
export class Writes {
  constructor(
    private readonly operation: Operation,
    private readonly escalation: Escalation,
    private readonly writeGuard: WriteGuard,
  ) {}

  /** Runbook, Step 1. `again` after they had resumed: the counts taken first stay in force. */
  async stop(plan: Plan, again = false): Promise<StoppedWrites> {
    const { operation, escalation, writeGuard } = this;
    operation.writesStopped = true;
    escalation.writesStopped();
    const stopped = await step(operation, escalation, 'stop-writes', { plan, ...operation.run, again });
    writeGuard.start(plan);
    return stopped;
  }

  /** Stops them again where they have resumed, or where nobody keeps them stopped. */
  async ensureStopped(plan: Plan): Promise<void> {
    if (!this.writeGuard.isRunning) await this.stop(plan, true);
  }

  /** Runbook, Step 7. A start that fails stops writes again before anybody is asked. */
  async start(plan: Plan): Promise<void> {
    const { operation, escalation, writeGuard } = this;
    await step(
      operation,
      escalation,
      'start-app',
      { plan },
      {
        first: () => writeGuard.end(),
        afterFailure: async () => {
          await this.stop(plan, true);
        },
      },
    );
    operation.writesStopped = false;
    escalation.writesResumed();
  }
}
