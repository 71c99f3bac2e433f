import type { Client } from '../../postgres/connect.ts';

/** Takes one look; undefined where it could not be taken, which is then named. */
export type BoundedProbe = <T>(what: string, look: () => Promise<T>) => Promise<T | undefined>;

/** Longest time of one statement, and of waiting for a lock: assess must not make things worse. */
export const probeLimits = { statement: 5_000, lock: 1_000 };

/** BoundedProbes that never fail, and that end in time. */
export class BoundedProbes {
  /** What could not be looked at, and why. */
  readonly notSeen: string[] = [];
  readonly #until: number;

  /** @param within milliseconds for all of them */
  constructor(
    within: number,
    readonly signal: AbortSignal,
  ) {
    this.#until = Date.now() + within;
  }

  readonly at: BoundedProbe = async (what, look) => {
    this.signal.throwIfAborted();
    if (Date.now() >= this.#until) {
      this.notSeen.push(`${what}: no time was left (diagnosis.within)`);
      return undefined;
    }
    try {
      return await look();
    } catch (error) {
      this.signal.throwIfAborted();
      this.notSeen.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  };

  /** As `at`, on a session: a statement gets no more time than is left for all. */
  on(client: Client): BoundedProbe {
    return (what, look) =>
      this.at(what, async () => {
        const left = Math.min(probeLimits.statement, Math.max(100, this.#until - Date.now()));
        await client.query(`SET statement_timeout = ${Math.round(left)}`);
        return look();
      });
  }
}
