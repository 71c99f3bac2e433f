import { setTimeout as pause } from 'node:timers/promises';
import { ClientError } from '../../client.ts';
import type { Backstep } from '../../client.ts';
import { isOpen, look } from './view.ts';
import type { View } from './view.ts';

/** Between two looks at a run that is open, and at one that has ended; milliseconds. */
const every = { open: 1_000, ended: 5_000 };

interface Watched {
  latest?: View;
  readonly viewers: Set<() => void>;
  /** Ends the pause between two looks. */
  lookNow?: () => void;
}

/**
 * Looks at services for all who watch them: one look a second at each, however many pages are open, since every
 * look is a query that a worker must answer. Nobody watches, nothing is asked.
 */
export class Watch {
  readonly #watched = new Map<string, Watched>();

  constructor(private readonly backstep: Backstep) {}

  /** How many pages are watched live. */
  get viewers(): number {
    return [...this.#watched.values()].reduce((sum, { viewers }) => sum + viewers.size, 0);
  }

  /** What is seen at each look, until the signal is aborted; a slow reader misses some, never the latest. */
  async *follow(service: string, signal: AbortSignal): AsyncGenerator<View> {
    const watched = this.#watched.get(service) ?? this.#begin(service);
    let wake: (() => void) | undefined;
    let told = false;
    const viewer = () => {
      told = true;
      wake?.();
    };
    watched.viewers.add(viewer);
    // What was seen last may be older than the page that begins to follow.
    watched.lookNow?.();
    signal.addEventListener('abort', viewer);
    try {
      while (!signal.aborted) {
        if (!told) await new Promise<void>((resolve) => (wake = resolve));
        told = false;
        if (watched.latest !== undefined && !signal.aborted) yield watched.latest;
      }
    } finally {
      signal.removeEventListener('abort', viewer);
      watched.viewers.delete(viewer);
    }
  }

  #begin(service: string): Watched {
    const watched: Watched = { viewers: new Set() };
    this.#watched.set(service, watched);
    void this.#look(service, watched);
    return watched;
  }

  /** Settles, never rejects: ends with the last viewer. */
  async #look(service: string, watched: Watched): Promise<void> {
    do {
      watched.latest = await this.#next(service, watched.latest);
      for (const viewer of watched.viewers) viewer();
      const rest = new AbortController();
      watched.lookNow = () => rest.abort();
      const length = isOpen(watched.latest) ? every.open : every.ended;
      await pause(length, undefined, { signal: rest.signal }).catch(() => undefined);
    } while (watched.viewers.size > 0);
    this.#watched.delete(service);
  }

  async #next(service: string, before: View | undefined): Promise<View> {
    try {
      return await look(this.backstep, service, before);
    } catch (error) {
      const { message, next } =
        error instanceof ClientError ? error : { message: String(error), next: 'Look at the gateway’s log.' };
      return { ...(before ?? { service, plan: null, expected: {} }), trouble: { message, next } };
    }
  }
}
