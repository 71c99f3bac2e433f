import { CancellationScope, condition } from '@temporalio/workflow';
import type { Operation } from './operation.ts';

/** How long each rung of the path has to acknowledge before the next one is told. */
const rungEvery = 15 * 60_000;

/** Runbook, Escalation: "Backup restore fails". */
const restoring = ['restore', 'restore-beside', 'put-in-place'];

/**
 * Walks down the escalation path of the definition (runbook, Escalation): the first rung at once, a further
 * one each 15 minutes until somebody acknowledges. Never stands in the way: it settles, whatever happens.
 */
export class Escalation {
  #rung = 0;
  #walking = false;
  #over = false;
  #outage = 0;

  constructor(private readonly operation: Operation) {}

  /** After `escalation.attempts` failures of a step, and at once where a restore fails. */
  failed(step: string, failures: number): void {
    const attempts = this.operation.plan?.service.escalation.attempts;
    if (attempts === undefined) return;
    if (restoring.includes(step)) this.#walk('The restore failed.');
    else if (failures >= attempts) this.#walk(`Step ${step} failed ${failures} times.`);
  }

  /** Starts the clock of `escalation.downFor`; it stops when writes have resumed. */
  writesStopped(): void {
    const downFor = this.operation.plan?.service.escalation.downFor;
    if (downFor === undefined || this.#outage > 0) return;
    const outage = (this.#outage = 1);
    const resumed = () => this.#over || this.#outage !== outage;
    this.#aside(async () => {
      if (!(await condition(resumed, downFor, { summary: 'Writes stopped for too long' })))
        this.#walk('Writes have been stopped for too long.');
    });
  }

  writesResumed(): void {
    this.#outage = 0;
  }

  over(): void {
    this.#over = true;
  }

  #walk(why: string): void {
    if (this.#walking) return;
    this.#walking = true;
    this.#aside(async () => {
      const acknowledged = this.#acknowledgements();
      const answered = () => this.#over || this.#acknowledgements() > acknowledged;
      const path = this.operation.plan?.service.escalation.path ?? [];
      while (this.#rung < path.length && !answered()) {
        this.operation.note({ kind: 'escalated', to: path[this.#rung++] ?? '', why });
        await condition(answered, rungEvery, { summary: 'Escalate further' });
      }
      this.#walking = false;
    });
  }

  #acknowledgements(): number {
    return this.operation.journal.filter(({ kind }) => kind === 'acknowledged').length;
  }

  /** A rejection that nobody awaits wedges the workflow task; a cancel request must not stop the clock. */
  #aside(work: () => Promise<void>): void {
    CancellationScope.nonCancellable(work).catch(() => {});
  }
}
