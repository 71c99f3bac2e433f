import { condition } from '@temporalio/workflow';
import { declared, isGuard } from '../../activities/steps.ts';
import { verify } from '../../activities/verify/step.ts';
import { namesOf, whoOf } from '../../domain/definition/escalation.ts';
import type { Escalating, Level } from '../../domain/definition/escalation.ts';
import type { Entry, EntryOf } from '../../domain/journal/journal.ts';
import { Background } from './background.ts';
import type { Operation } from './operation.ts';

/** Runbook, Escalation: "Data corruption cannot be fixed", as far as a program can tell. */
const failuresOfVerify = 2;

/**
 * Walks down the escalation path of the definition (runbook, Escalation): the first level at once, a further
 * one each `every` until somebody acknowledges. It hears the journal, and never stands in the way.
 */
class Escalation {
  #level = 0;
  #walking = false;
  #over = false;
  /** Counts the outages; each has a clock of its own. */
  #outages = 0;
  #writesStopped = false;

  constructor(private readonly operation: Operation) {}

  hear(entry: Entry): void {
    if (entry.kind === 'step-failed') this.#failed(entry);
    if (entry.kind === 'step-began' && declared(entry.step)?.writes === 'stop') this.#stopped();
    if (entry.kind === 'step-ended' && declared(entry.step)?.writes === 'resume') this.#writesStopped = false;
    if (entry.kind === 'gate-opened' || entry.kind === 'hold-opened') this.#asked(entry);
    if (entry.kind === 'ended') this.#over = true;
  }

  /** After `escalation.attempts` failures of a step; earlier where a restore fails, or what is corrupt stays so. */
  #failed({ step, part, fault }: EntryOf<'step-failed'>): void {
    const { cancelPending, irreversible } = this.operation;
    const isCancelled = fault.type === 'CancelRequested' || (cancelPending && !irreversible);
    if (this.#how === undefined || isCancelled || isGuard(step)) return;
    const failures = this.#failuresOf(step, part);
    // Runbook, Escalation: "Backup restore fails".
    if (declared(step)?.restores) this.#walk(`The restore failed: step ${step}.`);
    else if (step === verify.name && failures >= failuresOfVerify)
      this.#walk(`The data could not be repaired: step ${step} failed ${failures} times.`);
    else if (failures >= this.#how.attempts) this.#walk(`Step ${step} failed ${failures} times.`);
  }

  /** Law 11: who is asked while the application is down, and says nothing, may be asleep. */
  #asked(entry: EntryOf<'gate-opened'> | EntryOf<'hold-opened'>): void {
    const { operation } = this;
    const every = this.#how?.every;
    if (every === undefined || operation.situation.writes !== 'stopped') return;
    const where = entry.kind === 'gate-opened' ? `gate ${entry.gate}` : `hold ${entry.hold}`;
    const now = () => (entry.kind === 'gate-opened' ? operation.gate : operation.hold);
    const open = now();
    const isClosed = () => this.#over || now() !== open;
    const acknowledged = this.#acknowledgements();
    this.#beside(async () => {
      const heard = () => isClosed() || this.#acknowledgements() > acknowledged;
      if (await condition(heard, every, { summary: `Nobody answers at ${where}` })) return;
      this.#walk(`Nobody answers at ${where}, and the application is down.`, isClosed);
    });
  }

  /** How often a step has failed since it last ended well. */
  #failuresOf(step: string, part: string | undefined): number {
    const tries = this.operation.journal.filter(
      (entry) =>
        (entry.kind === 'step-ended' || entry.kind === 'step-failed') &&
        entry.step === step &&
        entry.part === part,
    );
    const ended = tries.findLastIndex(({ kind }) => kind === 'step-ended');
    return tries.length - (ended + 1);
  }

  /** Starts the clock of `escalation.downFor`; it stops when writes have resumed. */
  #stopped(): void {
    const downFor = this.#how?.downFor;
    if (downFor === undefined || this.#writesStopped) return;
    this.#writesStopped = true;
    this.#outages += 1;
    const outage = this.#outages;
    const resumed = () => this.#over || !this.#writesStopped || this.#outages !== outage;
    this.#beside(async () => {
      if (!(await condition(resumed, downFor, { summary: 'Writes stopped for too long' })))
        this.#walk('Writes have been stopped for too long.');
    });
  }

  get #how(): Escalating | undefined {
    return this.operation.plan?.service.escalation;
  }

  /** `isOver`: nobody need be called any more. */
  #walk(why: string, isOver = () => this.#over): void {
    if (this.#toTheLast(why) || this.#walking) return;
    this.#walking = true;
    this.#beside(async () => {
      const acknowledged = this.#acknowledgements();
      const answered = () => isOver() || this.#acknowledgements() > acknowledged;
      const { path = [], every } = this.#how ?? {};
      for (let level = path[this.#level]; level !== undefined && !answered(); level = path[this.#level]) {
        this.#note(level, why);
        const next = path[(this.#level += 1)];
        const wait = typeof next === 'object' && next.after !== undefined ? next.after : every;
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

  /** Nobody waits for it, and it ends by itself. */
  #beside(work: () => Promise<void>): void {
    void new Background(work).settled;
  }
}

/** From now on failures and stopped writes of the operation are escalated. */
export function escalates(operation: Operation): void {
  const escalation = new Escalation(operation);
  operation.listen((entry) => escalation.hear(entry));
}
