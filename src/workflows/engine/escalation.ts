import { CancellationScope, condition } from '@temporalio/workflow';
import { namesOf, whoOf } from '../../domain/definition/escalation.ts';
import type { Escalating, Level } from '../../domain/definition/escalation.ts';
import type { Operation } from './operation.ts';
import { declared } from '../../activities/steps.ts';
import { verify } from '../../activities/verify/step.ts';

/** Runbook, Escalation: "Data corruption cannot be fixed", as far as a program can tell. */
const retriesOfVerify = 2;

/**
 * Walks down the escalation path of the definition (runbook, Escalation): the first level at once, a further
 * one each `every` until somebody acknowledges. Never stands in the way: it settles, whatever happens.
 */
export class Escalation {
  #level = 0;
  #walking = false;
  #over = false;
  #outage = 0;

  constructor(private readonly operation: Operation) {}

  /** After `escalation.attempts` failures of a step; earlier where a restore fails, or what is corrupt stays so. */
  failed(step: string, failures: number): void {
    const how = this.#how;
    if (how === undefined) return;
    // Runbook, Escalation: "Backup restore fails".
    if (declared(step)?.restores) this.#walk(`The restore failed: step ${step}.`);
    else if (step === verify.name && failures >= retriesOfVerify)
      this.#walk(`The data could not be repaired: step verify failed ${failures} times.`);
    else if (failures >= how.attempts) this.#walk(`Step ${step} failed ${failures} times.`);
  }

  /** Starts the clock of `escalation.downFor`; it stops when writes have resumed. */
  writesStopped(): void {
    const downFor = this.#how?.downFor;
    if (downFor === undefined || this.#outage > 0) return;
    const outage = (this.#outage = 1);
    const resumed = () => this.#over || this.#outage !== outage;
    this.#beside(async () => {
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

  get #how(): Escalating | undefined {
    return this.operation.plan?.service.escalation;
  }

  #walk(why: string): void {
    if (this.#toTheLast(why) || this.#walking) return;
    this.#walking = true;
    this.#beside(async () => {
      const acknowledged = this.#acknowledgements();
      const answered = () => this.#over || this.#acknowledgements() > acknowledged;
      const how = this.#how;
      const path = how?.path ?? [];
      for (let level = path[this.#level]; level !== undefined && !answered(); level = path[this.#level]) {
        this.#note(level, why);
        const next = path[(this.#level += 1)];
        const wait = typeof next === 'object' && next.after !== undefined ? next.after : how?.every;
        await condition(answered, wait, { summary: 'Escalate further' });
      }
      this.#walking = false;
    });
  }

  /** Once the path is used up the last level hears of whatever is new: nobody else is left. */
  #toTheLast(why: string): boolean {
    const { path = [] } = this.#how ?? {};
    const last = path.at(-1);
    if (last === undefined || this.#level < path.length) return false;
    this.#note(last, why);
    return true;
  }

  #note(level: Level, why: string): void {
    const notify = namesOf(level);
    this.operation.note({ kind: 'escalated', to: whoOf(level), why, ...(notify.length > 0 && { notify }) });
  }

  #acknowledgements(): number {
    return this.operation.journal.filter(({ kind }) => kind === 'acknowledged').length;
  }

  /** A rejection that nobody awaits wedges the workflow task; a cancel request must not stop the clock. */
  #beside(work: () => Promise<void>): void {
    CancellationScope.nonCancellable(work).catch(() => {});
  }
}
