import { CancellationScope, condition, isCancellation, proxyActivities } from '@temporalio/workflow';
import type { Entry } from '../../domain/journal/journal.ts';
import { prose } from '../../views/render/markdown.ts';
import { recipientsOf } from '../../views/recipients.ts';
import type { Notify } from '../../domain/definition/notify.ts';
import { notificationOf } from '../../views/notification.ts';
import type { Notification, NotificationActivities } from '../../views/notification.ts';
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
export class Notifier {
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
    const notification = notificationOf(entry, subject, journal);
    if (notification === undefined || this.#heard.has(notification.key)) return;
    this.#heard.add(notification.key);
    for (const to of recipientsOf(entry, notification, journal, notify)) {
      const before = this.#queues.get(to.name) ?? Promise.resolve();
      this.#open += 1;
      this.#queues.set(
        to.name,
        before.then(() => this.#notify(namespace, to, notification)),
      );
    }
  }

  async #notify(namespace: string, to: Notify, notification: Notification): Promise<void> {
    const said = { to: to.name, what: notification.title };
    const activities = proxyActivities<NotificationActivities>({
      ...patience,
      summary: prose(`Tell ${to.name}: ${notification.title}`.slice(0, 200)),
    });
    try {
      const { missed = [] } = await this.#scope.run(() => activities.notify({ namespace, to, notification }));
      this.operation.note({ kind: 'notified', ...said });
      if (missed.length > 0)
        this.operation.note({ kind: 'not-notified', ...said, why: `refused: ${missed.join(', ')}` });
    } catch (error) {
      const why = isCancellation(error)
        ? 'It was still being tried when the rollback ended.'
        : sentence(faultOf(error).message);
      this.operation.note({ kind: 'not-notified', ...said, why });
    }
    this.#open -= 1;
  }
}
