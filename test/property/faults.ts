import { AsyncLocalStorage } from 'node:async_hooks';
import { Client } from 'pg';
import type { Case, CrashPoint } from './model.ts';

/** The worker's process is gone: nothing of it ran any further, no `finally` either. */
export class Died extends Error {}

const lives = new AsyncLocalStorage<Life>();
const never = new Promise<never>(() => {});

/** What is done within runs on, whatever becomes of the worker: a Job, or another worker. */
export const outside = <T>(use: () => T): T => lives.exit(use);

/**
 * The life of a worker. After the nth thing of a kind that it did it dies: it is left where it is, its connections
 * break. Or it is cut off there: this connection breaks, or the answer of the API server is lost.
 */
export class Life {
  #left: number;
  #dead = false;
  readonly #connections = new Set<Client>();
  #end: (error: Died) => void = () => {};
  readonly #death = new Promise<never>((_, reject) => (this.#end = reject));

  constructor(
    private readonly ends?: Case['crash'],
    private readonly how: 'dies' | 'is cut off' = 'dies',
  ) {
    this.#left = ends?.nth ?? 0;
    this.#death.catch(() => {});
  }

  /** True once that has come. */
  hit = false;

  /** @throws Died */
  live<T>(use: () => Promise<T>): Promise<T> {
    return lives.run(this, () => Promise.race([use(), this.#death]));
  }

  async did(points: readonly CrashPoint[], connection?: Client): Promise<void> {
    if (this.#dead) return never;
    if (this.hit || this.ends === undefined || !points.includes(this.ends.after)) return;
    if (this.#left-- > 0) return;
    this.hit = true;
    if (this.how === 'is cut off') {
      if (connection === undefined) throw new TypeError('fetch failed');
      breakOff(connection);
      return;
    }
    this.#dead = true;
    for (const each of this.#connections) breakOff(each);
    this.#end(new Died());
    return never;
  }

  async says<T>(connection: Client, text: string, send: () => Promise<T>): Promise<T> {
    if (this.#dead) return never;
    this.#connections.add(connection);
    try {
      return await send();
    } finally {
      await this.did(pointsOf(text), connection);
    }
  }
}

/** What the one that lives here did; nothing where nobody's life is meant. */
export const did = async (point: CrashPoint): Promise<void> => lives.getStore()?.did([point]);

const breakOff = (connection: Client) =>
  (connection as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();

const pointsOf = (text: string): CrashPoint[] => [
  'statement',
  ...(/^ALTER DATABASE .* RENAME TO/.test(text) ? (['rename'] as const) : []),
  ...(text.startsWith('CREATE DATABASE') ? (['create database'] as const) : []),
];

/** From now on each statement belongs to the life in which it is sent. */
export function watchStatements(): void {
  const query = Reflect.get(Client.prototype, 'query') as (this: Client, ...args: unknown[]) => unknown;
  const watched = function (this: Client, ...args: unknown[]): unknown {
    const life = lives.getStore();
    const [first] = args;
    const text = typeof first === 'string' ? first : ((first as { text?: string } | undefined)?.text ?? '');
    const send = () => query.apply(this, args);
    return life === undefined ? send() : life.says(this, text, async () => send());
  };
  Client.prototype.query = watched as Client['query'];
}
