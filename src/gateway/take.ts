import { utc } from '../domain/text.ts';
import { z } from '@hono/zod-openapi';
import { ClientError } from '../client.ts';
import type { Backstep } from '../client.ts';
import type { Alert } from '../triggers/trigger.ts';
import { shortHash } from '../domain/plan/hash.ts';
import type { Statements } from './people/statements.ts';
import { statusOf } from './refusal.ts';
import type { Match } from './services.ts';

/**
 * What became of one alert for one service. `started`: a new rollback; `repeated`: it is that rollback's alert;
 * `noted`: it is in the journal of the open one; `ignored`: nothing, and why.
 */
export const taken = z
  .object({
    fingerprint: z.string(),
    status: z.enum(['firing', 'resolved']),
    result: z.enum(['started', 'repeated', 'noted', 'ignored']),
    why: z.string().optional(),
    service: z.string().optional(),
    workflowId: z.string().optional(),
    runId: z.string().optional(),
    page: z.string().optional(),
  })
  .openapi('Taken');
export type Taken = z.infer<typeof taken>;

/**
 * An alert that began longer ago starts nothing, and one that was resolved longer ago is not noted: it is replayed,
 * or Temporal may have forgotten its rollback, which is why retention is looked at when the gateway starts.
 */
const oldest = 24 * 3_600_000;
/** Noting is worth no more waiting than that: PagerDuty gives five seconds for everything. */
const noteWithin = 2_000;

/** What people read in the journal: its name, and what it says. */
const textOf = ({ name, summary, fingerprint }: Alert) =>
  [name, summary].filter(Boolean).join(': ').slice(0, 500) || fingerprint;

type Became = Pick<Taken, 'result'> & Partial<Taken>;

export class Taker {
  /** One alert at a time of each service: what is started by one is found by the next. */
  readonly #turns = new Map<string, Promise<unknown>>();
  /** A storm of the same alert asks Temporal once. */
  readonly #underWay = new Map<string, Promise<Became>>();

  constructor(
    private readonly backstep: Backstep,
    private readonly publicUrl: string,
    private readonly now: () => number,
    private readonly signed: Statements['byAlert'],
  ) {}

  async take(alert: Alert, match: Match): Promise<Taken> {
    const { service } = match;
    const { fingerprint, status } = alert;
    const key = JSON.stringify([service, fingerprint, status]);
    const same = this.#underWay.get(key);
    const became = await (same ?? this.#begin(key, alert, match));
    const page = `${this.publicUrl}/rollbacks/${service}`;
    const result = same && became.result !== 'ignored' ? 'repeated' : became.result;
    return { fingerprint, status, service, page, ...became, result };
  }

  async #begin(key: string, alert: Alert, match: Match): Promise<Became> {
    const { service } = match;
    const before = this.#turns.get(service) ?? Promise.resolve();
    const mine = before
      .catch(() => undefined)
      .then(() => (alert.status === 'firing' ? this.#fire(alert, match) : this.#resolve(alert, match)));
    this.#turns.set(service, mine);
    this.#underWay.set(key, mine);
    try {
      return await mine;
    } finally {
      this.#underWay.delete(key);
      if (this.#turns.get(service) === mine) this.#turns.delete(service);
    }
  }

  #isOld = (at: string | undefined): at is string => at !== undefined && this.now() - Date.parse(at) > oldest;

  async #fire(alert: Alert, { service, rule, index, coolDown }: Match): Promise<Became> {
    if (this.#isOld(alert.at))
      return { result: 'ignored', why: `it began at ${utc(alert.at)}: too long ago to start anything` };
    const { source, fingerprint, name } = alert;
    const request = {
      service,
      target: rule.target,
      reason: `Alert of ${source}: ${textOf(alert)}`,
      requestedBy: source,
      alert: {
        source,
        fingerprint,
        rule: index,
        ruleHash: shortHash(rule),
        ...(name !== undefined && { name }),
      },
    };
    const started = await this.backstep.startByAlert(await this.signed(request), coolDown);
    const { workflowId, runId, already } = started;
    const run = { workflowId, runId };
    if (already === undefined) return { result: 'started', ...run };
    if (already.state === 'running' && already.because !== 'same-request') {
      const why = await this.#note(service, alert);
      return { result: why === undefined ? 'noted' : 'repeated', why: why ?? already.why, ...run };
    }
    return { result: 'repeated', why: already.why, ...run };
  }

  /** It is over by itself, perhaps: for people to see. It never cancels. */
  async #resolve(alert: Alert, { service }: Match): Promise<Became> {
    if (this.#isOld(alert.at))
      return { result: 'ignored', why: `it was resolved at ${utc(alert.at)}: too long ago to be noted` };
    const why = await this.#note(service, alert);
    return why === undefined ? { result: 'noted' } : { result: 'ignored', why };
  }

  /**
   * Undefined where it was noted; otherwise why not. A repeat is refused by the validator, and leaves no trace.
   * Where Temporal or every worker is away it throws, so that the sender comes again.
   */
  async #note(service: string, alert: Alert): Promise<string | undefined> {
    const { source, fingerprint, status } = alert;
    const at = alert.at ?? new Date(this.now()).toISOString();
    try {
      const message = { source, fingerprint, status, text: textOf(alert), at };
      await this.backstep.annotate(service, message, noteWithin);
      return undefined;
    } catch (error) {
      if (!(error instanceof ClientError) || statusOf[error.kind] === 503) throw error;
      return error.message;
    }
  }
}
