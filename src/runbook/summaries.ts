import { inWords } from './duration.ts';
import type { Findings } from './findings.ts';
import type { StepName } from './steps.ts';

export interface Said {
  summary: string;
  notes?: string[];
}

const total = (counts: Record<string, number>) =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

const count = (amount: number, noun: string, plural = `${noun}s`) =>
  `${amount.toLocaleString('en')} ${amount === 1 ? noun : plural}`;

const rows = (counts: Record<string, number>) =>
  `${count(total(counts), 'row')} in ${count(Object.keys(counts).length, 'table')}`;

const seconds = (amount: number) => inWords(amount * 1_000);

/** Bytes as a person reads them, in powers of 1,000. */
export function bytesInWords(bytes: number): string {
  const [amount, unit] =
    bytes < 1e3
      ? [bytes, 'B']
      : bytes < 1e6
        ? [bytes / 1e3, 'kB']
        : bytes < 1e9
          ? [bytes / 1e6, 'MB']
          : [bytes / 1e9, 'GB'];
  return `${unit === 'B' ? amount : amount.toFixed(1)} ${unit}`;
}

const alreadyStopped = (found: Findings['stop-writes']) =>
  found.alreadyStopped.length === 0
    ? undefined
    : [`Found stopped already: ${found.alreadyStopped.join(', ')}`];

const saying = (summary: string, notes: string[] | undefined): Said =>
  notes === undefined || notes.length === 0 ? { summary } : { summary, notes };

/** What each step says in one sentence when it has ended; progress, details and report show it. */
export const summaries: { [S in StepName]: (found: Findings[S]) => Said } = {
  assess: (found) =>
    saying(`Plan pinned; ${rows(found.counts)}, ${bytesInWords(found.databaseBytes)}`, found.notes),
  'stop-writes': (found) =>
    saying(
      `No foreign session left; ${count(found.sessionsEnded, 'session')} and ${count(found.jobsEnded.length, 'running Job')} ended; ${rows(found.counts)}`,
      alreadyStopped(found),
    ),
  'keep-writes-stopped': ({ breaches }) =>
    breaches.length === 0
      ? { summary: 'Nothing came back' }
      : {
          summary: `${count(breaches.length, 'breach', 'breaches')} stopped`,
          notes: breaches.map(({ what }) => what),
        },
  'back-up': (found) => ({
    summary: `${bytesInWords(found.bytes)} in ${seconds(found.seconds)}, read back in full: ${rows(found.counts)}; SHA-256 ${found.sha256.slice(0, 12)}…`,
    notes: [`${found.file} on volume claim ${found.claim}`],
  }),
  downgrade: (found) => ({
    summary: found.moved
      ? `${found.from} → ${found.to} in ${seconds(found.seconds)}`
      : `The database was at ${found.to} already; nothing was moved`,
  }),
  verify: (found) =>
    saying(`At ${found.revision}; ${rows(found.counts)}; ${count(found.checked.length, 'check')} passed`, [
      ...found.checked,
      ...found.notVerified.map((what) => `Not verified: ${what}`),
    ]),
  'roll-back-app': (found) =>
    saying(
      found.workloads.length === 0
        ? 'Nothing to roll back'
        : found.workloads.map(({ deployment, image }) => `${deployment} → ${image}`).join('; '),
      found.staySuspended.map((name) => `CronJob ${name} stays suspended: no image fits the target`),
    ),
  'start-app': (found) => ({
    summary: [
      ...found.workloads.map(
        (workload) =>
          `${workload.deployment}: ${count(workload.replicas, 'replica')} ready after ${seconds(workload.seconds)}`,
      ),
      ...found.health.map(({ deployment, path, status }) => `${deployment}${path} answers ${status}`),
    ].join('; '),
  }),
  'resume-cron-jobs': (found) => ({
    summary: found.staysSuspended
      ? `${found.name} stays suspended`
      : `${found.name}: ${found.job ?? 'its Job'} succeeded after ${seconds(found.seconds)}`,
  }),
  'put-back': (found) => ({
    summary:
      found.workloads.length === 0 && found.cronJobs.length === 0
        ? 'Nothing had been stopped'
        : `As before: ${[
            found.database,
            ...found.workloads.map(({ deployment, replicas }) => `${deployment} at ${replicas}`),
            ...found.cronJobs.map(({ name, suspended }) => `${name} ${suspended ? 'suspended' : 'resumed'}`),
          ].join(', ')}`,
  }),
  restore: (found) => ({
    summary: `Restored at ${found.revision} in ${seconds(found.seconds)}: ${rows(found.counts)}`,
    notes: [`The failed database is kept as ${found.kept}`],
  }),
  report: (found) => ({ summary: `${found.markdown}, ${found.json}` }),
};
