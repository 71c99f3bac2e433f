import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../domain/failures.ts';
import { duration } from '../domain/text.ts';

/**
 * Looks again and again until `look` answers.
 *
 * @throws Failure NotRestorable after `within` milliseconds; the signal's reason on abort
 */
export async function until<T>(
  { every, within, signal, what }: { every: number; within: number; signal: AbortSignal; what: string },
  look: () => Promise<T | undefined>,
): Promise<T> {
  const end = Date.now() + within;
  for (;;) {
    signal.throwIfAborted();
    const seen = await look();
    if (seen !== undefined) return seen;
    if (Date.now() > end)
      throw new Failure('NotRestorable', `${what} was not there after ${duration(within)}.`);
    await sleep(every, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
