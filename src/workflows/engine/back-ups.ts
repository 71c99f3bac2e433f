import { backUp } from '../../activities/back-up/step.ts';
import { foundBy } from '../../domain/journal/journal.ts';
import type { Backup } from '../../domain/backup.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import type { Operation } from './operation.ts';
import { background } from './run-step.ts';
import type { BackgroundStep, StepInput } from './run-step.ts';
import { step } from './step.ts';

const times = ['downgrade', 'resume', 'end'] as const;
/** By when the definition wants the backup proved (`backup.proveBefore`). */
export type ProvedBy = (typeof times)[number];

/**
 * Waits until the backup that `proveBefore` requires is proved (law 1). Where a snapshot stands it is made in
 * the background of the steps: a dump of 800 MB takes a minute in which nobody can write.
 */
export class BackUps {
  #running: BackgroundStep<'back-up'> | undefined;

  constructor(private readonly operation: Operation) {}

  /**
   * Begins it during the rehearsal, from the fenced database, where it must be there before the downgrade. Only
   * where a snapshot stands: a copy lets no session on what it is made from.
   */
  duringRehearsal(plan: Plan, snapshot: Snapshot): void {
    if (!mayComeAfter('downgrade', plan, snapshot)) this.#begin({ plan, snapshot });
  }

  /** Begins it during everything that follows, from the snapshot, where it may come later. */
  duringTheRest(plan: Plan, snapshot: Snapshot): void {
    if (mayComeAfter('downgrade', plan, snapshot)) this.#begin({ plan, snapshot, fromSnapshot: true });
  }

  /** The proved backup; undefined where it may come later, the snapshot being the way back until then. */
  async by(time: ProvedBy, plan: Plan, snapshot: Snapshot): Promise<Backup | undefined> {
    if (mayComeAfter(time, plan, snapshot)) return this.made;
    if (time === 'downgrade') return this.#prove(plan, snapshot, this.#running);
    return this.proved(plan, snapshot);
  }

  /** Waits for the one that is being made, or makes one of the database that is fenced off; holds where it fails. */
  async proved(plan: Plan, snapshot: Snapshot): Promise<Backup> {
    await this.#running?.settled;
    return this.#prove(plan, snapshot);
  }

  /** What is proved so far. */
  get made(): Backup | undefined {
    return foundBy(this.operation.journal, backUp);
  }

  /** Ends what is still being made, and waits until it has ended: a dump keeps its database open. */
  async end(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.end();
  }

  async #prove(plan: Plan, snapshot: Snapshot, begun?: BackgroundStep<'back-up'>): Promise<Backup> {
    if (begun === undefined && this.made) return this.made;
    this.#running = undefined;
    return step(this.operation, 'back-up', { plan, snapshot }, begun ? { begun } : {});
  }

  #begin(input: StepInput<'back-up'>): void {
    if (this.made === undefined) this.#running ??= background(this.operation, 'back-up', input);
  }
}

function mayComeAfter(time: ProvedBy, { service }: Plan, snapshot: Snapshot): boolean {
  return snapshot.made && times.indexOf(service.backup.proveBefore) > times.indexOf(time);
}
