import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { Plan } from '../../domain/plan/plan.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import { faultOf, runActivity } from './run-activity.ts';
import type { Escalation } from './escalation.ts';
import type { Operation } from './operation.ts';
import { step } from './run-step.ts';
import type { Begun } from './run-step.ts';
import type { Backup } from '../../domain/backup.ts';
import type { BackUpInput } from '../../activities/back-up/step.ts';
import { backUp } from '../../activities/back-up/step.ts';

const moments = ['downgrade', 'resume', 'end'] as const;
export type Moment = (typeof moments)[number];

interface Beside extends Begun<Backup> {
  scope: CancellationScope;
}

/**
 * The proved backup, there by the moment at which the definition wants it (law 1; `backup.proveBefore`). Where a
 * snapshot stands it is made beside the steps: a dump of 800 MB takes a minute in which nobody can write.
 */
export class BackUps {
  #backup: Backup | undefined;
  #beside: Beside | undefined;

  constructor(
    private readonly operation: Operation,
    private readonly escalation: Escalation,
  ) {}

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
  async by(moment: Moment, plan: Plan, snapshot: Snapshot): Promise<Backup | undefined> {
    if (mayComeAfter(moment, plan, snapshot)) return this.#backup;
    if (moment === 'downgrade') return this.#proved(plan, snapshot, this.#beside);
    return this.proved(plan, snapshot);
  }

  /** Waits for the one that is being made, or makes one of the database that is fenced off; holds where it fails. */
  async proved(plan: Plan, snapshot: Snapshot): Promise<Backup> {
    await this.#beside?.settled;
    return this.#proved(plan, snapshot);
  }

  /** What is proved so far. */
  get made(): Backup | undefined {
    return this.#backup;
  }

  /** Ends what is still being made, and waits until it has ended: a dump keeps its database open. */
  async end(): Promise<void> {
    const beside = this.#beside;
    if (beside === undefined) return;
    beside.scope.cancel();
    await CancellationScope.nonCancellable(() => beside.settled);
    this.#beside = undefined;
  }

  async #proved(plan: Plan, snapshot: Snapshot, begun?: Beside): Promise<Backup> {
    const around = begun ? { begun } : {};
    this.#backup ??= await step(this.operation, this.escalation, 'back-up', { plan, snapshot }, around);
    this.#beside = undefined;
    return this.#backup;
  }

  #begin(input: { plan: Plan; snapshot: Snapshot; beside?: boolean }): void {
    if (this.#backup || this.#beside) return;
    const number = this.operation.nextTry('back-up');
    const shield = new CancellationScope({ cancellable: false });
    const scope = new CancellationScope({ cancellable: true, parent: shield });
    this.#beside = { scope, try: number, settled: scope.run(() => this.#make({ ...input, try: number })) };
  }

  async #make(input: BackUpInput): Promise<{ found: Backup } | { error: unknown }> {
    const { operation } = this;
    const of = { step: 'back-up', try: input.try } as const;
    operation.note({ kind: 'step-began', ...of });
    try {
      const found = await runActivity('back-up', input);
      this.#backup = found;
      operation.note({ kind: 'step-ended', ...of, ...backUp.summary(found), found });
      return { found };
    } catch (error) {
      operation.note({ kind: 'step-failed', ...of, fault: faultOf(error) });
      if (input.beside && !isCancellation(error)) this.escalation.failed('back-up', 1);
      return { error };
    }
  }
}

function mayComeAfter(moment: Moment, { service }: Plan, snapshot: Snapshot): boolean {
  return snapshot.made && moments.indexOf(service.backup.proveBefore) > moments.indexOf(moment);
}
