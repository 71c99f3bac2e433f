import { canonical } from './hash.ts';
import { shellQuote, sqlName } from '../text.ts';

/** A value as JSON has it; null stands for "not set". */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * When a pause is undone on the way forward. `start`: with the application. `person`: not at all, for it would
 * bring the bad release back (law 4); the report says so first. Put-back undoes both.
 */
export type PausedUntil = 'start' | 'person';

/** One object of the cluster; `group` is empty for the core API. */
export interface ObjectReference {
  group: string;
  version: string;
  plural: string;
  namespace: string;
  name: string;
}

/** A field of an object of the cluster that holds another value while writes are stopped. */
export interface PausedObject {
  in: 'cluster';
  /** As people call it: `Argo CD Application argocd/radar`. */
  what: string;
  on: ObjectReference;
  field: string[];
  found: Json;
  paused: Json;
  until: PausedUntil;
}

/** A subscription of the database: its apply worker writes whatever the database is called. */
export interface PausedSubscription {
  in: 'subscription';
  what: string;
  name: string;
  until: 'start';
}

/** A job of pg_cron that runs in the database. */
export interface PausedCronJob {
  in: 'pg_cron';
  what: string;
  /** Database that holds cron.job; absent where it is the very database that is fenced off. */
  home?: string;
  job: string;
  until: 'start';
}

export type Pause = PausedObject | PausedSubscription | PausedCronJob;

/** Equal for two pauses of the same thing, whatever was found. */
export function pauseKey(pause: Pause): string {
  if (pause.in === 'cluster') {
    const { on, field } = pause;
    return canonical({ ...on, version: '', field });
  }
  return pause.in === 'subscription'
    ? `subscription ${pause.name}`
    : `pg_cron ${pause.home ?? ''} ${pause.job}`;
}

/** The pauses of both, those of the first where both have one: what was found first is what is put back. */
export function withNewPauses(before: readonly Pause[], now: readonly Pause[]): Pause[] {
  const known = new Set(before.map(pauseKey));
  return [...before, ...now.filter((pause) => !known.has(pauseKey(pause)))];
}

/** The body of a JSON merge patch that sets one field. */
export const fieldPatch = (field: readonly string[], value: Json): Json =>
  field.reduceRight<Json>((inner, key) => ({ [key]: inner }), value);

/**
 * The command that undoes a pause by hand.
 *
 * @param database name under which the database is by then
 */
export function undoByHand(pause: Pause, database: string): string {
  if (pause.in === 'cluster') {
    const { group, plural, namespace, name } = pause.on;
    const kind = group === '' ? plural : `${plural}.${group}`;
    const body = JSON.stringify(fieldPatch(pause.field, pause.found));
    return `kubectl patch ${kind} ${name} -n ${namespace} --type=merge -p ${shellQuote(body)}`;
  }
  const [where, sql] =
    pause.in === 'subscription'
      ? [database, `ALTER SUBSCRIPTION ${sqlName(pause.name)} ENABLE`]
      : [pause.home ?? database, `SELECT cron.alter_job(${pause.job}, active := true)`];
  return `psql "$ADMIN_DATABASE_URL" -c ${shellQuote(`\\connect ${sqlName(where)}`)} -c ${shellQuote(sql)}`;
}

/** What a person does about a pause that outlasts the rollback. */
export function afterwards(pause: Pause): string {
  const isJob = pause.in === 'cluster' && pause.on.plural === 'jobs';
  return isJob
    ? `Delete it: \`kubectl delete job ${pause.on.name} -n ${pause.on.namespace}\``
    : `Once it holds the release that shall run: \`${undoByHand(pause, '')}\``;
}
