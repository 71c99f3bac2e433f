import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context } from 'hono';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { Refusal } from './refusal.ts';

/** A minute's worth, per gateway process. */
export interface LimitsPerMinute {
  /** Refused credentials from one address; what is rightly signed is never held up by them. */
  failures: number;
  /** Verified requests of one source of alerts. */
  alerts: number;
  /** Requests of one person. */
  requests: number;
}

export const usualLimits: LimitsPerMinute = { failures: 30, alerts: 600, requests: 300 };

/** How often somebody may come. In memory: whoever restarts the gateway begins anew, and nothing is lost. */
export class Limits {
  readonly #failures: RateLimiterMemory;
  readonly #alerts: RateLimiterMemory;
  readonly #requests: RateLimiterMemory;

  constructor({ failures, alerts, requests }: LimitsPerMinute = usualLimits) {
    this.#failures = new RateLimiterMemory({ points: failures, duration: 60 });
    this.#alerts = new RateLimiterMemory({ points: alerts, duration: 60 });
    this.#requests = new RateLimiterMemory({ points: requests, duration: 60 });
  }

  /** Throws the refusal itself, or 429 where an address was refused too often. */
  async failed(context: Context, refusal: Refusal): Promise<never> {
    const address = getConnInfo(context).remote.address ?? 'unknown';
    const wait = await this.#spent(this.#failures, address);
    if (wait === undefined) throw refusal;
    throw new Refusal(429, 'Refused too often.', 'Correct the credentials, and wait.', { retryAfter: wait });
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

  /** Seconds to wait, where nothing is left. */
  async #spent(limiter: RateLimiterMemory, key: string): Promise<number | undefined> {
    try {
      await limiter.consume(key);
      return undefined;
    } catch (error) {
      if (error instanceof RateLimiterRes) return Math.max(1, Math.ceil(error.msBeforeNext / 1_000));
      throw error;
    }
  }
}
