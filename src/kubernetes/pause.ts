import { setTimeout as sleep } from 'node:timers/promises';

/** Waits; on abort it throws the signal's own reason, from which the boundary tells cancellation from shutdown. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  try {
    await sleep(milliseconds, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

/**
 * Asks again every `every` milliseconds until `look` answers something, at most for `within` milliseconds;
 * then undefined. The first look is at once, the last one after the time.
 */
export async function poll<T>(
  { every, within, signal }: { every: number; within: number; signal: AbortSignal },
  look: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const end = Date.now() + within;
  for (;;) {
    const late = Date.now() >= end;
    const seen = await look();
    if (seen !== undefined || late) return seen;
    await pause(Math.min(every, Math.max(0, end - Date.now())), signal);
  }
}
