import type { Logger } from 'pino';
import type { ServiceDefinition } from '../domain/definition/service.ts';
import type { TriggerRule } from '../domain/definition/triggers.ts';
import type { Definitions } from '../storage/definitions.ts';
import type { Alert } from '../triggers/trigger.ts';
import { Refusal, awayFor } from './refusal.ts';

/** For so long definitions are not read again: a storm of alerts reads them once. */
const keptFor = 3_000;

export interface Match {
  service: string;
  /** Which of the definition's triggers, counted from 0. */
  index: number;
  rule: TriggerRule;
  /** Of the definition; milliseconds. */
  coolDown: number;
}

const fits = ({ source, match }: TriggerRule, alert: Alert) =>
  source === alert.source &&
  Object.entries(match).every(
    ([label, value]) => Object.hasOwn(alert.labels, label) && alert.labels[label] === value,
  );

interface Loaded {
  definitions: ServiceDefinition[];
  /** What is wrong with the others. */
  faults: string[];
}

/** The allow-list of all definitions: which services an alert is about. A definition with faults allows nothing. */
export class AllowList {
  #read: { at: number; loaded: Promise<Loaded> } | undefined;

  constructor(
    private readonly definitions: Definitions,
    private readonly now: () => number,
    private readonly log: Pick<Logger, 'error'>,
  ) {}

  async matching(alert: Alert): Promise<Match[]> {
    const { definitions } = await this.#all();
    return definitions.flatMap(({ service, triggers, coolDown }) => {
      const index = triggers.findIndex((rule) => fits(rule, alert));
      const rule = triggers[index];
      return rule === undefined ? [] : [{ service, index, rule, coolDown }];
    });
  }

  /** For an alert that fits no rule. Throws the refusal where a definition with faults might have had one. */
  async mustBeWhole(): Promise<void> {
    const { faults } = await this.#all();
    if (faults.length === 0) return;
    const next = 'Correct the definition named, and send it again: `backstep validate` names the same.';
    throw new Refusal(503, 'No rule fits, and a service definition cannot be used.', next, {
      faults,
      retryAfter: awayFor,
    });
  }

  #all(): Promise<Loaded> {
    const at = this.now();
    if (this.#read === undefined || at - this.#read.at > keptFor) {
      const loaded = this.#load();
      // A failure must not be kept.
      loaded.catch(() => (this.#read = undefined));
      this.#read = { at, loaded };
    }
    return this.#read.loaded;
  }

  async #load(): Promise<Loaded> {
    const loaded = await Promise.all(
      (await this.definitions.list()).map((name) => this.definitions.load(name)),
    );
    const faults = loaded.flatMap((one) => ('faults' in one ? one.faults.map(({ message }) => message) : []));
    if (faults.length > 0) this.log.error({ faults }, 'a service definition with faults lets no alert in');
    return { definitions: loaded.flatMap((one) => ('definition' in one ? [one.definition] : [])), faults };
  }
}

/** A misspelled name, or a definition with faults, would make a workflow that can only fail. */
export async function mustBeDefined(definitions: Definitions, service: string): Promise<void> {
  const loaded = await definitions.load(service);
  if ('definition' in loaded) return;
  const faults = loaded.faults.map(({ message }) => message);
  const status = loaded.faults.some(({ type }) => type === 'InvalidRequest') ? 404 : 422;
  throw new Refusal(status, `${faults.join('; ')}.`, 'Nothing was started: correct what is named.', {
    faults,
  });
}
