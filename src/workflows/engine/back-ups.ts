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
 * Waits until the backup that `proveBefore` requires is proved (law 1). Where a snapshot stands it is made beside
 * the steps: a dump of 800 MB takes a minute in which nobody can write.
 */
export class BackUps {
  #beside: BackgroundStep<'back-up'> | undefined;

  constructor(private readonly operation: Operation) {}

  /**
   * Begins it beside the rehearsal, from the fenced database, where it must be there before the downgrade. Only
   * where a snapshot stands: a copy lets no session on what it is made from.
   */
  besideRehearsal(plan: Plan, snapshot: Snapshot): void {
    if (!mayComeAfter('downgrade', plan, snapshot)) this.#begin({ plan, snapshot });
  }

  /** Begins it beside everything that follows, from the snapshot, where it may come later. */
  besideTheRest(plan: Plan, snapshot: Snapshot): void {
    if (mayComeAfter('downgrade', plan, snapshot)) this.#begin({ plan, snapshot, beside: true });
  }

  /** The proved backup; undefined where it may come later, the snapshot being the way back until then. */
  async by(time: ProvedBy, plan: Plan, snapshot: Snapshot): Promise<Backup | undefined> {
    if (mayComeAfter(time, plan, snapshot)) return this.made;
    if (time === 'downgrade') return this.#prove(plan, snapshot, this.#beside);
    return this.proved(plan, snapshot);
  }

  /** Waits for the one that is being made, or makes one of the database that is fenced off; holds where it fails. */
  async proved(plan: Plan, snapshot: Snapshot): Promise<Backup> {
    await this.#beside?.settled;
    return this.#prove(plan, snapshot);
  }

  /** What is proved so far. */
  get made(): Backup | undefined {
    return foundBy(this.operation.journal, backUp);
  }

  /** Ends what is still being made, and waits until it has ended: a dump keeps its database open. */
  async end(): Promise<void> {
    const beside = this.#beside;
    this.#beside = undefined;
    await beside?.end();
  }

  async #prove(plan: Plan, snapshot: Snapshot, begun?: BackgroundStep<'back-up'>): Promise<Backup> {
    if (begun === undefined && this.made) return this.made;
    this.#beside = undefined;
    return step(this.operation, 'back-up', { plan, snapshot }, begun ? { begun } : {});
  }

  #begin(input: StepInput<'back-up'>): void {
    if (this.made === undefined) this.#beside ??= background(this.operation, 'back-up', input);
  }
}

function mayComeAfter(time: ProvedBy, { service }: Plan, snapshot: Snapshot): boolean {
  return snapshot.made && times.indexOf(service.backup.proveBefore) > times.indexOf(time);
}
