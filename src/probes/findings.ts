import { setTimeout as pause } from 'node:timers/promises';
import { defined } from '../domain/defined.ts';
import { Failure, failures, fault, type Fault, type FailureType } from '../domain/failures.ts';

/**
 * What a probe found. Probes change nothing that others see: what several of them found is put together in the
 * order in which they are listed.
 */
export interface Findings<T> {
  /** Absent where it could not be found: a fault says why, or there is nothing to do. */
  facts?: T | undefined;
  /** What keeps the operation from being begun. */
  faults: readonly Fault[];
  /** What a person should know before it is begun. */
  notes: readonly string[];
  /** Set where the database is as it was asked for already. */
  nothing?: NothingToDo;
}

export interface NothingToDo {
  reason: string;
  revision: string;
}

type FaultsAndNotes = Pick<Findings<never>, 'faults' | 'notes'>;

/** What was found, with what is wrong with it and what a person should know. */
export const found = <T>(
  facts: T,
  { faults = [], notes = [] }: Partial<FaultsAndNotes> = {},
): Findings<T> & { facts: T } => ({
  facts,
  faults,
  notes,
});

/** What could not be found, and why. */
export const lacking = (faults: readonly Fault[], notes: readonly string[] = []): Findings<never> => ({
  faults,
  notes,
});

/** Nothing to do: whatever else is wrong does not matter then. */
export const nothingToDo = (nothing: NothingToDo): Findings<never> => ({ faults: [], notes: [], nothing });

/** A list of faults that holds this one where something is wrong. */
export const faultIf = (wrong: boolean, type: FailureType, message: string): Fault[] =>
  wrong ? [fault(type, message)] : [];

/** Faults and notes of several findings, in their order. */
export const faultsAndNotes = (all: readonly Findings<unknown>[]): FaultsAndNotes => ({
  faults: all.flatMap(({ faults }) => faults),
  notes: all.flatMap(({ notes }) => notes),
});

/** What was found of several, those left out that could not be. */
export const allOf = <T>(all: readonly Findings<T>[]): Findings<T[]> & { facts: T[] } =>
  found(
    all.flatMap(({ facts }) => (facts === undefined ? [] : [facts])),
    faultsAndNotes(all),
  );

const tries = 3;
/** Milliseconds between them. */
const between = 1_000;

/**
 * Looks, and makes a fault of a failure, so that a person mends everything that is wrong at once and not one thing a
 * start. What may mend by itself is looked at three times: a second without network is no reason to refuse.
 *
 * @param where stands in front of the failure: which Secret, which workload
 * @throws whatever is no `Failure`: an error of Backstep
 */
export async function looking<T>(look: () => Promise<Findings<T>>, where?: string): Promise<Findings<T>> {
  for (let left = tries; ; left--) {
    try {
      return await look();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const { retry } = failures[error.type];
      if (retry && left > 1) {
        await pause(between);
        continue;
      }
      const seen = fault(error.type, where === undefined ? error.message : `${where}: ${error.message}`);
      return lacking([retry ? { ...seen, next: startAgain(error.type) } : seen]);
    }
  }
}

/** Before anything was touched nothing goes on by itself. */
const startAgain = (type: FailureType): string =>
  `${failures[type].next.split(';')[0]}, then start again; nothing was touched.`;

/** How one of `Facts` is found: what has to be found before, and the look. */
export interface Probe<Facts, F extends keyof Facts, Context> {
  needs: readonly (keyof Facts)[];
  look: (context: Context, known: Facts) => Promise<Findings<Facts[F]>>;
}

/** One for each of `Facts`, in the order in which people are told what they found; each after those that it needs. */
export type Probes<Facts, Context> = { readonly [F in keyof Facts]: Probe<Facts, F, Context> };

/** Declares a probe, which is handed what it needs and no more. */
export const probeOf =
  <Facts, Context>() =>
  <const N extends readonly (keyof Facts)[], T>(
    needs: N,
    look: (context: Context, known: Pick<Facts, N[number]>) => Findings<T> | Promise<Findings<T>>,
  ) => ({ needs, look: async (context: Context, known: Facts) => look(context, known) });

/**
 * Runs probes, each as soon as what it needs is found, and puts together what they found, in their order. A probe
 * that needs what could not be found is left out: the one that did not find it has said why.
 *
 * @returns no facts where one of them is missing
 * @throws Error where a probe stands before one that it needs; what a probe throws, once all have ended
 */
export async function probeAll<Facts extends object, Context>(
  context: Context,
  probes: Probes<Facts, Context>,
): Promise<Findings<Facts>> {
  type One = Findings<Facts[keyof Facts]>;
  const order = Object.keys(probes) as (keyof Facts)[];
  const running = new Map<keyof Facts, Promise<One>>();
  const run = async (finds: keyof Facts): Promise<One> => {
    const { needs, look }: Probe<Facts, keyof Facts, Context> = probes[finds];
    const needed = needs.map((need) => [need, running.get(need)] as const);
    const known: Partial<Facts> = {};
    for (const [need, probe] of needed) {
      if (probe === undefined) throw new Error(`probe ${String(finds)} stands before ${String(need)}`);
      const { facts } = await probe;
      if (facts === undefined) return lacking([]);
      known[need] = facts;
    }
    return look(context, known as Facts);
  };
  for (const finds of order) running.set(finds, run(finds));
  // All of them end before the first error is thrown: each removes the Jobs that it made.
  await Promise.allSettled(running.values());
  const all = await Promise.all(running.values());
  const known: Partial<Facts> = {};
  for (const [at, finds] of order.entries()) {
    const facts = all[at]?.facts;
    if (facts !== undefined) known[finds] = facts;
  }
  const { faults, notes } = faultsAndNotes(all);
  return {
    facts: all.every(({ facts }) => facts !== undefined) ? (known as Facts) : undefined,
    faults: faults.filter(({ message }, at) => faults.findIndex((each) => each.message === message) === at),
    notes,
    ...defined({ nothing: all.find(({ nothing }) => nothing !== undefined)?.nothing }),
  };
}
