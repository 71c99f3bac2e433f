import type { ServiceDefinition } from '../runbook/service.ts';
import type { TriggerRule } from '../runbook/service/triggers.ts';
import type { Definitions } from '../storage/definitions.ts';
import type { Alert } from '../triggers/trigger.ts';

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

/** The allow-list of all definitions: which services an alert is about. A definition with faults allows nothing. */
export class AllowList {
  #read: { at: number; definitions: Promise<ServiceDefinition[]> } | undefined;

  constructor(
    private readonly definitions: Definitions,
    private readonly now: () => number,
  ) {}

  async matching(alert: Alert): Promise<Match[]> {
    return (await this.#all()).flatMap(({ service, triggers, coolDown }) => {
      const index = triggers.findIndex((rule) => fits(rule, alert));
      const rule = triggers[index];
      return rule === undefined ? [] : [{ service, index, rule, coolDown }];
    });
  }

  #all(): Promise<ServiceDefinition[]> {
    const at = this.now();
    if (this.#read === undefined || at - this.#read.at > keptFor) {
      const definitions = this.#load();
      // A failure must not be kept.
      definitions.catch(() => (this.#read = undefined));
      this.#read = { at, definitions };
    }
    return this.#read.definitions;
  }

  async #load(): Promise<ServiceDefinition[]> {
    const loaded = await Promise.all(
      (await this.definitions.list()).map((name) => this.definitions.load(name)),
    );
    return loaded.flatMap((one) => ('definition' in one ? [one.definition] : []));
  }
}
