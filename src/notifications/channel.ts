import type { Notify, NotifyOf } from '../domain/definition/notify.ts';
import type { Notification } from '../views/notification.ts';
import type { SecretReference } from '../domain/definition/secret-reference.ts';

/** What a channel tells with. */
export interface Delivery {
  /** Reads a Secret of the definition; called anew at every attempt, so that a rotated one counts. */
  secret: (reference: SecretReference) => Promise<string>;
  /** Aborted when nobody waits for it any more. */
  signal: AbortSignal;
}

/** How one kind of channel is told; answers with the addresses that it would not take, where it took others. */
export type Channel<C extends Notify['channel']> = (
  to: NotifyOf<C>,
  notification: Notification,
  delivery: Delivery,
) => Promise<string[] | void>;
