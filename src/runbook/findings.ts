import type { Observations } from './plan.ts';

/** A large result, kept in storage; history carries its summary only. */
export interface Evidence {
  /** At most 4 KB. */
  summary: string;
  ref: string;
  sha256: string;
}

/** A writer that came back while writes were stopped. `reachedDatabase` tells whether it got a session. */
export interface Breach {
  at: string;
  what: string;
  reachedDatabase: boolean;
}

export interface StoppedWrites {
  /** When there had been no foreign session for the quiet time; ISO 8601. */
  at: string;
  /** Rows of every table after the stop. */
  counts: Record<string, number>;
  sessionsEnded: number;
  jobsEnded: string[];
  /** What had been stopped before Backstep came. */
  alreadyStopped: string[];
}

/** A dump on a volume, read back in full. */
export interface Backup {
  file: string;
  manifest: string;
  claim: string;
  bytes: number;
  sha256: string;
  /** Rows by table as read from the dump; equal to the catalog's at the dump's own snapshot. */
  counts: Record<string, number>;
  extensions: string[];
  /** How to make those extensions anew; a schema is named where it must be there before. */
  installed?: { name: string; version?: string; schema?: { name: string; owner: string } }[];
  /** Snapshot time; ISO 8601. */
  takenAt: string;
  seconds: number;
  client: string;
  proof: 'read';
}

export interface Downgrade {
  from: string;
  to: string;
  /** False where the database was at the target already. */
  moved: boolean;
  seconds: number;
  job: string;
}

export interface Verification {
  revision: string;
  counts: Record<string, number>;
  /** What was compared, in words, for people. */
  checked: string[];
  notVerified: string[];
  /** Tables that the downgrade drops, with the rows they held after the stop. */
  dropped: Record<string, number>;
}

export interface RolledBackApp {
  workloads: { deployment: string; image: string; from: string }[];
  cronJobs: { name: string; image?: string }[];
  /** CronJobs without a fitting image: they stay suspended. */
  staySuspended: string[];
}

export interface StartedApp {
  workloads: { deployment: string; replicas: number; seconds: number }[];
  health: { deployment: string; path: string; status: number }[];
}

export interface ResumedCronJob {
  name: string;
  /** The Job that succeeded; absent where the CronJob stays suspended by definition or for want of an image. */
  job?: string;
  staysSuspended: boolean;
  seconds: number;
}

export interface PutBack {
  workloads: { deployment: string; replicas: number }[];
  cronJobs: { name: string; suspended: boolean }[];
  database: string;
}

export interface Restored {
  /** The failed database, kept. */
  kept: string;
  counts: Record<string, number>;
  revision: string;
  seconds: number;
  /** Settings of the database that a person must carry over, with the command. */
  notes?: string[];
}

export interface ReportFiles {
  markdown: string;
  json: string;
}

/** What each step finds, kept with its journal entry so that views and report need nothing else. */
export interface Findings {
  assess: Observations;
  'stop-writes': StoppedWrites;
  'keep-writes-stopped': { breaches: Breach[] };
  'back-up': Backup;
  downgrade: Downgrade;
  verify: Verification;
  'roll-back-app': RolledBackApp;
  'start-app': StartedApp;
  'resume-cron-jobs': ResumedCronJob;
  'put-back': PutBack;
  restore: Restored;
  report: ReportFiles;
}
