import type { Decision } from './approval/answers.ts';
import type { Fault } from './failures.ts';
import type { Plan, PlanKind } from './plan/plan.ts';

/**
 * What follows when a step fails: `refuse` ends with nothing touched; `put-back` undoes what was stopped;
 * `hold` waits for a decision with writes as they are; `report` says it and goes on.
 */
export type OnFailure = 'refuse' | 'put-back' | 'hold' | 'report';

/** What people read of a step that has ended: one line, and what else they should know. */
export interface Summary {
  summary: string;
  notes?: string[];
}

/**
 * How long a step may take, in milliseconds: all its attempts together, of which one may take as long. What reaches
 * it fails with `StepOverdue` (law 11). A guard has no such limit: it ends with what it guards.
 */
export interface Limits {
  readonly within: number;
  /** That much more for each gigabyte of the database, where it reads the whole in the worker. */
  readonly perGigabyte?: number;
  /** That much more for what the plan lets it wait. */
  more?(this: void, plan: Plan): number;
  /** How often it is attempted at most; absent where that is not limited. */
  readonly attempts?: number;
}

/**
 * The time that a step has.
 *
 * @param of.bytes size of the database, as far as it is known
 */
export function timeFor({ limits }: Step, { plan, bytes }: { plan?: Plan; bytes?: number }): number {
  const { within, perGigabyte = 0, more } = limits;
  const gigabytes = Math.ceil((bytes ?? 0) / 1_000_000_000);
  return within + perGigabyte * gigabytes + (plan === undefined ? 0 : (more?.(plan) ?? 0));
}

/** Rows by table. */
type Counts = Record<string, number>;

/** What most steps are handed. */
export interface Tried<P extends Plan = Plan> {
  plan: P;
  /** 1, and one more for each `retry` by a person. */
  try: number;
}

/**
 * The declaration of a step, the only one: workflows run it, views show it, and the types of its activity derive
 * from it. It stands in `src/activities/<step>/step.ts`.
 */
export interface Step<Name extends string = string, Input = unknown, Output = unknown, Found = unknown> {
  /** Activity type, and the name in journal, progress and report. */
  readonly name: Name;
  readonly title: string;
  /** Where the runbook describes it. */
  readonly section: string;
  readonly onFailure: OnFailure;
  /** What a person may decide where it holds. */
  readonly decisions: readonly Decision[];
  /** What `retry` and `skip` do at its hold, in a sentence, where there is more to say than of any step. */
  readonly retried?: string;
  readonly skipped?: string;
  readonly limits: Limits;
  /** The operations of which it is the point of no return: from its beginning nothing unwinds by itself. */
  readonly pivot?: readonly PlanKind[];
  /** From its beginning the application's database may be at another revision. */
  readonly moves?: true;
  /** It brings back data or what runs: people are called as soon as it fails (runbook, Escalation). */
  readonly restores?: true;
  /** It leads back from what was done: the rest of the order no longer follows. */
  readonly undoes?: true;
  /** Writes stop when it begins, or have resumed when it has ended. */
  readonly writes?: 'stop' | 'resume';
  /** It watches beside all other steps until it is cancelled, and is none of the order. */
  readonly guard?: true;
  /** For what of the plan it runs, once each, where it does not run once. */
  parts?(this: void, plan: Plan): string[];
  /** Which of those this input is for. */
  part?(this: void, input: Input): string;
  /** What the journal shows once it has ended. */
  summary(this: void, output: Output): Summary;
  /** What of the output the journal keeps, where that is not all of it. */
  found?(this: void, output: Output): Found | undefined;
  /** The failure that the activity answers instead of throwing it. */
  fault?(this: void, output: Output): Fault | undefined;
  /** Rows by table of the database as it was when writes had stopped, or as it is in the end. */
  countsAfterStop?(this: void, found: Found): Counts;
  countsAtEnd?(this: void, found: Found): Counts;
  /** For the compiler alone; no declaration has it. */
  readonly types?: { input: Input; output: Output; found: Found };
}

export type InputOf<S extends Step> = NonNullable<S['types']>['input'];
export type OutputOf<S extends Step> = NonNullable<S['types']>['output'];
/** What the journal keeps of the output. */
export type FoundOf<S extends Step> = NonNullable<S['types']>['found'];

/** `found` must be declared where the journal keeps something else than the output. */
type Declaration<Input, Output, Found> = Omit<Step<string, Input, Output, Found>, 'types'> &
  ([Output] extends [Found] ? unknown : { found(this: void, output: Output): Found | undefined });

/** Declares a step: `step<Input, Output>()({ name: 'salvage', … })`. */
export const step =
  <Input, Output, Found = Output>() =>
  <const D extends Declaration<Input, Output, Found>>(
    declaration: D,
  ): D & Step<D['name'], Input, Output, Found> =>
    declaration;

export const minutes = (count: number): number => count * 60_000;
export const hours = (count: number): number => minutes(60 * count);

/** A summary with its notes, where there are any. */
export const summarized = (summary: string, notes: string[] | undefined): Summary =>
  notes === undefined || notes.length === 0 ? { summary } : { summary, notes };
