import { condition, isCancellation, proxyActivities } from '@temporalio/workflow';
import type { Entry } from '../../domain/journal/journal.ts';
import { prose } from '../../views/render/markdown.ts';
import { recipientsOf } from '../../views/recipients.ts';
import type { Notify } from '../../domain/definition/notify.ts';
import { notificationOf } from '../../views/notification.ts';
import type { Notification, NotificationActivities } from '../../views/notification.ts';
import { Background } from './background.ts';
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
 * order. It hears the journal, and never stands in the way.
 */
export class Notifier {
  readonly #deliveries = new Set<Background<void>>();
  /** The last delivery by channel: the next one waits for it. */
  readonly #last = new Map<string, Promise<unknown>>();
  readonly #heard = new Set<string>();

  constructor(private readonly operation: Operation) {
    operation.listen((entry) => this.#hear(entry));
  }

  /** Waits until all is told, at most 30 s; what is left then is named as not told. */
  async end(): Promise<void> {
    if (this.#deliveries.size === 0) return;
    const summary = 'Waits for what is still to be told';
    const open = [...this.#deliveries];
    if (!(await condition(() => this.#deliveries.size === 0, atTheEnd, { summary })))
      for (const delivery of open) delivery.cancel();
    await Promise.all(open.map(({ settled }) => settled));
  }

  #hear(entry: Entry): void {
    const { notificationSettings, subject, journal } = this.operation;
    if (notificationSettings === undefined || notificationSettings.notify.length === 0) return;
    const notification = notificationOf(entry, subject, journal);
    if (notification === undefined || this.#heard.has(notification.key)) return;
    this.#heard.add(notification.key);
    const { namespace, notify } = notificationSettings;
    for (const to of recipientsOf(entry, notification, journal, notify)) {
      const before = this.#last.get(to.name);
      const delivery = new Background(async () => {
        await before;
        await this.#notify(namespace, to, notification);
      });
      this.#deliveries.add(delivery);
      this.#last.set(
        to.name,
        delivery.settled.then(() => this.#deliveries.delete(delivery)),
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
      const { missed = [] } = await activities.notify({ namespace, to, notification });
      this.operation.note({ kind: 'notified', ...said });
      if (missed.length > 0)
        this.operation.note({ kind: 'not-notified', ...said, why: `refused: ${missed.join(', ')}` });
    } catch (error) {
      const why = isCancellation(error)
        ? 'It was still being tried when the rollback ended.'
        : sentence(faultOf(error).message);
      this.operation.note({ kind: 'not-notified', ...said, why });
    }
  }
}
