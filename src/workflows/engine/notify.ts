import { CancellationScope, condition, isCancellation, proxyActivities } from '@temporalio/workflow';
import type { Entry } from '../../domain/journal/journal.ts';
import { prose } from '../../views/markdown.ts';
import { recipientsOf } from '../../views/recipients.ts';
import type { Notify } from '../../domain/definition/notify.ts';
import { tidingOf } from '../../views/notification.ts';
import type { Tiding, TellingDeeds } from '../../views/notification.ts';
import { faultOf } from './run-activity.ts';
import { sentence } from './stage-exit.ts';
import type { Operation } from './operation.ts';

/** For so long the end waits for what is still to be told. */
const atTheEnd = 30_000;

/** A channel that is away for a while is tried again, and given up after ten minutes. */
const patience = {
  startToCloseTimeout: '30s',
  heartbeatTimeout: '5s',
  scheduleToCloseTimeout: '10m',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
  cancellationType: 'TRY_CANCEL',
} as const;

/**
 * Tells people what happens, as the definition's `notify` has it: each channel one message at a time and in
 * order. Never in the way of the rollback: it settles and never rejects, for a rejection that nobody awaits would
 * wedge the workflow.
 */
export class Telling {
  readonly #queues = new Map<string, Promise<void>>();
  readonly #heard = new Set<string>();
  #open = 0;
  /** A cancel request must not end it. */
  readonly #scope = new CancellationScope({
    cancellable: true,
    parent: new CancellationScope({ cancellable: false }),
  });

  constructor(private readonly operation: Operation) {
    operation.onEntry = (entry) => this.#hear(entry);
  }

  /** Waits until all is told, at most 30 s; what is left then is named as not told. */
  async end(): Promise<void> {
    if (this.#open === 0) return;
    const summary = 'Waits for what is still to be told';
    if (!(await condition(() => this.#open === 0, atTheEnd, { summary }))) this.#scope.cancel();
    await Promise.all(this.#queues.values());
  }

  #hear(entry: Entry): void {
    const { plan, tells, subject, journal } = this.operation;
    const { notify = [], namespace } = plan?.service ?? tells ?? {};
    if (notify.length === 0 || namespace === undefined) return;
    const tiding = tidingOf(entry, subject, journal);
    if (tiding === undefined || this.#heard.has(tiding.key)) return;
    this.#heard.add(tiding.key);
    for (const to of recipientsOf(entry, tiding, journal, notify)) {
      const before = this.#queues.get(to.name) ?? Promise.resolve();
      this.#open += 1;
      this.#queues.set(
        to.name,
        before.then(() => this.#tell(namespace, to, tiding)),
      );
    }
  }

  async #tell(namespace: string, to: Notify, tiding: Tiding): Promise<void> {
    const said = { to: to.name, what: tiding.title };
    const deeds = proxyActivities<TellingDeeds>({
      ...patience,
      summary: prose(`Tell ${to.name}: ${tiding.title}`.slice(0, 200)),
    });
    try {
      const { missed = [] } = await this.#scope.run(() => deeds.tell({ namespace, to, tiding }));
      this.operation.note({ kind: 'told', ...said });
      if (missed.length > 0)
        this.operation.note({ kind: 'not-told', ...said, why: `refused: ${missed.join(', ')}` });
    } catch (error) {
      const why = isCancellation(error)
        ? 'It was still being tried when the rollback ended.'
        : sentence(faultOf(error).message);
      this.operation.note({ kind: 'not-told', ...said, why });
    }
    this.#open -= 1;
  }
}
