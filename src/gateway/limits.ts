import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context } from 'hono';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { Refusal } from './refusal.ts';

/** A minute's worth, per gateway process. */
export interface LimitsPerMinute {
  /** Refused credentials from one address; what is rightly signed is never held up by them. Wrong tokens count apart. */
  failures: number;
  /** Verified requests of one source of alerts. */
  alerts: number;
  /** Requests of one person, at the API and the page together. */
  requests: number;
}

export const usualLimits: LimitsPerMinute = { failures: 30, alerts: 600, requests: 300 };

const seconds = ({ msBeforeNext }: RateLimiterRes) => Math.max(1, Math.ceil(msBeforeNext / 1_000));
const tooOften = (retryAfter: number) =>
  new Refusal(429, 'Refused too often.', 'Correct the credentials, and wait.', { retryAfter });

/** How often somebody may come. In memory: whoever restarts the gateway begins anew, and nothing is lost. */
export class Limits {
  readonly #failures: RateLimiterMemory;
  readonly #guesses: RateLimiterMemory;
  readonly #alerts: RateLimiterMemory;
  readonly #requests: RateLimiterMemory;

  /** @param proxies how many proxies stand in front, each of which adds to X-Forwarded-For whom it serves */
  constructor(
    { failures, alerts, requests }: LimitsPerMinute = usualLimits,
    private readonly proxies = 0,
  ) {
    this.#failures = new RateLimiterMemory({ points: failures, duration: 60 });
    this.#guesses = new RateLimiterMemory({ points: failures, duration: 60 });
    this.#alerts = new RateLimiterMemory({ points: alerts, duration: 60 });
    this.#requests = new RateLimiterMemory({ points: requests, duration: 60 });
  }

  /** Throws the refusal itself, or 429 where an address was refused too often. */
  async failed(context: Context, refusal: Refusal): Promise<never> {
    const wait = await this.#spent(this.#failures, this.#addressOf(context));
    throw wait === undefined ? refusal : tooOften(wait);
  }

  /** Throws 429 for an address that has guessed too often: no further token of it is looked at, right or wrong. */
  async mayTry(context: Context): Promise<void> {
    const guesses = await this.#guesses.get(this.#addressOf(context));
    if (guesses !== null && guesses.remainingPoints <= 0) throw tooOften(seconds(guesses));
  }

  /** Throws the refusal of a wrong token, and remembers it. */
  async guessed(context: Context, refusal: Refusal): Promise<never> {
    await this.#spent(this.#guesses, this.#addressOf(context));
    throw refusal;
  }

  /** 503, since Alertmanager drops a notification that is answered with 429. */
  async alert(source: string): Promise<void> {
    const wait = await this.#spent(this.#alerts, source);
    if (wait !== undefined)
      throw new Refusal(503, `Too many alerts of ${source}.`, 'Send them again later.', { retryAfter: wait });
  }

  async request(person: string): Promise<void> {
    const wait = await this.#spent(this.#requests, person);
    if (wait !== undefined)
      throw new Refusal(429, 'Too many requests.', 'Wait a moment.', { retryAfter: wait });
  }

  /** What a proxy was sent is whatever its sender wrote; only what our own proxies added counts. */
  #addressOf(context: Context): string {
    const forwarded = (context.req.header('x-forwarded-for') ?? '').split(',').map((one) => one.trim());
    const client = this.proxies > 0 ? forwarded.at(-this.proxies) : undefined;
    return client || getConnInfo(context).remote.address || 'unknown';
  }

  /** Seconds to wait, where nothing is left. */
  async #spent(limiter: RateLimiterMemory, key: string): Promise<number | undefined> {
    try {
      await limiter.consume(key);
      return undefined;
    } catch (error) {
      if (error instanceof RateLimiterRes) return seconds(error);
      throw error;
    }
  }
}
