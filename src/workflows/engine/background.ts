import { CancellationScope } from '@temporalio/workflow';

export type Settled<T> = { found: T } | { error: unknown };

/**
 * Work beside the steps. It settles and never rejects, for a rejection that nobody awaits yet would wedge the
 * workflow. A cancel request does not end it: `end` does.
 */
export class Background<T> {
  readonly #scope = new CancellationScope({
    cancellable: true,
    parent: new CancellationScope({ cancellable: false }),
  });
  readonly settled: Promise<Settled<T>>;

  constructor(work: () => Promise<T>) {
    this.settled = this.#scope.run(work).then(
      (found) => ({ found }),
      (error: unknown) => ({ error }),
    );
  }

  /** Cancels it. */
  cancel(): void {
    this.#scope.cancel();
  }

  /** Cancels it, and waits until it has ended. */
  async end(): Promise<void> {
    this.cancel();
    await CancellationScope.nonCancellable(() => this.settled);
  }
}
