import { provedBy, whereIs } from '../domain/backup.ts';
import type { Findings } from '../domain/findings.ts';
import { tableInWords } from '../domain/data-diff.ts';
import { lossInWords } from '../domain/rehearsal.ts';
import { at, lossTableInWords } from '../domain/plan/point-in-time.ts';
import type { StepName } from '../domain/steps.ts';
import { bytes, count, duration, named, rowsByTable } from '../domain/text.ts';

export interface Said {
  summary: string;
  notes?: string[];
}

const seconds = (amount: number) => duration(amount * 1_000);

const stoppedNotes = (found: Findings['stop-writes']): string[] => [
  ...(found.unreadable === undefined ? [] : [`CANNOT BE READ: ${named(found.unreadable)}`]),
  ...(found.reads === undefined ? [] : [found.reads]),
  ...(found.rolledBack ?? []).map((what) => `Rolled back for good: ${what}`),
  ...(found.migrationsEnded ?? []).map((what) => `A migration was under way, and was ended: ${what}`),
  ...(found.paused ?? []).map(({ what }) => `Paused: ${what}`),
  ...(found.resumedAt === undefined
    ? []
    : [`The application may have written since ${found.resumedAt}: no way back holds that`]),
  ...(found.alreadyStopped.length === 0 ? [] : [`Found stopped already: ${found.alreadyStopped.join(', ')}`]),
];

/** The service's own checks that failed. */
const failed = (wrong: string[] | undefined) =>
  wrong === undefined ? '' : `; own checks: ${wrong.length.toLocaleString('en')} FAILED`;

const saying = (summary: string, notes: string[] | undefined): Said =>
  notes === undefined || notes.length === 0 ? { summary } : { summary, notes };

/** What each step says in one sentence when it has ended; progress, details and report show it. */
export const summaries: { [S in StepName]: (found: Findings[S]) => Said } = {
  assess: (found) =>
    saying(`Plan pinned; ${rowsByTable(found.counts)}, ${bytes(found.databaseBytes)}`, found.notes),
  'stop-writes': (found) =>
    saying(
      `No foreign session left; ${count(found.sessionsEnded, 'session')} and ${count(found.jobsEnded.length, 'running Job')} ended; ${rowsByTable(found.counts)}`,
      stoppedNotes(found),
    ),
  'guard-writes': ({ breaches }) =>
    breaches.length === 0
      ? { summary: 'Nothing came back' }
      : {
          summary: `${count(breaches.length, 'breach', 'breaches')} stopped`,
          notes: breaches.map(({ what }) => what),
        },
  'back-up': (found) => ({
    summary: `${bytes(found.bytes)} in ${seconds(found.seconds)}, ${provedBy(found)}: ${rowsByTable(found.counts)}; SHA-256 ${found.sha256.slice(0, 12)}…`,
    notes: [whereIs(found), ...(found.drill ?? [])],
  }),
  snapshot: (found) =>
    found.made
      ? {
          summary: `${bytes(found.bytes)} cloned in ${seconds(found.seconds)} (${found.method}); ${rowsByTable(found.counts)}; fingerprint ${found.fingerprint.slice(0, 12)}…`,
          notes: [
            `Database ${found.database}, closed to everyone, kept until ${found.keepUntil}`,
            ...(found.notes ?? []),
          ],
        }
      : { summary: `NOT MADE, the backup alone is the way back: ${found.why}` },
  rehearse: (found) =>
    found.rehearsed
      ? saying(
          `The downgrade works on a copy, in ${seconds(found.seconds)}; ${count(found.changes.length, 'schema change')}, ${found.losses.length === 0 ? 'nothing lost' : `${count(found.losses.length, 'loss', 'losses')} measured`}`,
          [...found.warnings, ...found.losses.map(lossInWords)],
        )
      : { summary: `NOT REHEARSED: ${found.why}` },
  'rehearse-live': (found) =>
    found.outcome === 'works'
      ? summaries.rehearse(found.rehearsal)
      : {
          summary: `${found.outcome === 'fails' ? 'The downgrade FAILS on a copy' : 'Yielded'}: ${found.why}`,
        },
  salvage: (found) =>
    saying(
      found.kept
        ? `${count(found.salvaged.length, 'object')} kept in ${found.kept.file}, ${bytes(found.kept.bytes)}`
        : found.lost.length > 0
          ? `NOT KEPT: ${count(found.lost.length, 'loss', 'losses')}`
          : found.unknown === undefined
            ? 'Nothing had to be kept'
            : 'NOT KEPT: it is not known what is lost',
      [
        ...(found.unknown === undefined ? [] : [`LOSS UNKNOWN: ${found.unknown}`]),
        ...found.salvaged.map(({ object, rows: held }) => `${object}: ${count(held, 'row')} kept`),
        ...found.notes,
      ],
    ),
  downgrade: (found) => ({
    summary: found.moved
      ? `${found.from} → ${found.to} in ${seconds(found.seconds)}`
      : `The database was at ${found.to} already; nothing was moved`,
  }),
  verify: (found) =>
    saying(
      `At ${found.revision}; ${rowsByTable(found.counts)}; ${count(found.checked.length, 'check')} passed`,
      [...found.checked, ...found.notVerified.map((what) => `Not verified: ${what}`)],
    ),
  'roll-back-app': (found) =>
    saying(
      found.workloads.length === 0
        ? 'Nothing to roll back'
        : found.workloads.map(({ deployment, image }) => `${deployment} → ${image}`).join('; '),
      found.staySuspended.map((name) => `CronJob ${name} stays suspended: no image fits the target`),
    ),
  'start-app': (found) =>
    saying(
      [
        ...found.workloads.map(
          (workload) =>
            `${workload.deployment}: ${count(workload.replicas, 'replica')} ready after ${seconds(workload.seconds)}`,
        ),
        ...found.health.map(({ deployment, path, status }) => `${deployment}${path} answers ${status}`),
        ...(found.checks ?? []).map((name) => `own check “${name}” passed`),
      ].join('; '),
      found.staysPaused?.map(({ what }) => `${what} stays paused`),
    ),
  'resume-cron-jobs': (found) => ({
    summary: found.staysSuspended
      ? `${found.name} stays suspended`
      : `${found.name}: ${found.job ?? 'its Job'} succeeded after ${seconds(found.seconds)}`,
  }),
  'put-back': (found) =>
    saying(
      found.workloads.length === 0 && found.cronJobs.length === 0
        ? 'Nothing had been stopped'
        : `As before: ${[
            found.database,
            ...found.workloads.map(({ deployment, replicas }) => `${deployment} at ${replicas}`),
            ...found.cronJobs.map(({ name, suspended }) => `${name} ${suspended ? 'suspended' : 'resumed'}`),
            ...(found.resumed ?? []),
          ].join(', ')}`,
      found.notes,
    ),
  restore: (found) => ({
    summary: `Restored at ${found.revision}${found.from ? ` from the ${found.from.replace('-', ' ')}` : ''} in ${seconds(found.seconds)}: ${rowsByTable(found.counts)}`,
    notes: [`The failed database is kept as ${found.kept}`, ...(found.notes ?? [])],
  }),
  'hand-over': (found) => ({
    summary:
      found.to === 'nobody'
        ? 'No rollback is open'
        : found.to === 'rollback'
          ? `${found.workflowId} restores: ${found.said}`
          : `${found.workflowId} is open (${found.phase})`,
  }),
  'restore-beside': (found) =>
    saying(
      `At ${found.revision} in ${seconds(found.seconds)}: ${rowsByTable(found.counts)} in ${found.database}; ${count(found.checked.length, 'check')} passed${failed(found.wrong)}`,
      [
        ...(found.wrong ?? []).map((what) => `WRONG: ${what}`),
        ...found.checked,
        ...found.notVerified.map((what) => `Not verified: ${what}`),
      ],
    ),
  'data-diff': (found) =>
    saying(
      found.tables.length === 0
        ? `Nothing is lost: ${count(found.equal, 'table')} equal row by row`
        : `${found.loses ? 'LOSES' : 'Loses no row'}${found.lostRows > 0 ? ` ${count(found.lostRows, 'row')}` : ''}: ${count(found.tables.length, 'table')} ${found.tables.length === 1 ? 'differs' : 'differ'}, ${found.equal} equal row by row${found.unreadable ? `; ${count(found.unreadable.length, 'table')} CANNOT BE READ` : ''}`,
      found.tables.map(tableInWords),
    ),
  'put-in-place': (found) => ({
    summary: `At ${found.revision} after ${seconds(found.seconds)}: ${rowsByTable(found.counts)}`,
    notes: [`The database as it was is kept as ${found.kept}`, ...found.notes],
  }),
  'restore-instance': (found) =>
    saying(`${found.instance} at ${at(found.endpoint)} after ${seconds(found.seconds)}`, found.notes),
  'compare-instance': (found) =>
    saying(
      `At ${found.revision}: ${rowsByTable(found.counts)}; ${found.loses ? 'LOSES what was written since' : 'nothing was written since'}: ${count(found.tables.length, 'table')} ${found.tables.length === 1 ? 'differs' : 'differ'}${failed(found.wrong)}`,
      [
        ...(found.wrong ?? []).map((what) => `WRONG: ${what}`),
        ...found.tables.map(lossTableInWords),
        ...found.checked,
        ...found.notVerified.map((what) => `Not verified: ${what}`),
      ],
    ),
  'switch-database': (found) => ({
    summary: `${found.secrets.join(', ')}: ${at(found.from)} → ${at(found.to)}`,
    notes: [`The URLs as they were are kept in Secret ${found.kept}`],
  }),
  'switch-back': (found) => ({
    summary:
      found.secrets.length === 0 ? 'Nothing had been switched' : `${found.secrets.join(', ')} as before`,
  }),
  report: (found) => ({ summary: `${found.markdown}, ${found.json}` }),
};
