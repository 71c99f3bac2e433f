import type { Backup } from './backup.ts';
import type { DataDiff } from './data-diff.ts';
import type { LiveRehearsal } from './live-rehearsal.ts';
import type { Observations } from './plan/plan.ts';
import type { Pause } from './plan/pauses.ts';
import type {
  ComparedInstance,
  RestoredInstance,
  SwitchedBack,
  SwitchedDatabase,
} from './plan/point-in-time.ts';
import type { Rehearsal } from './rehearsal.ts';
import type { Snapshot } from './snapshot.ts';
import type { Salvage } from './salvage.ts';

export type { Backup } from './backup.ts';

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
  /** Tables that could not be counted, for they are damaged; only an emergency restore goes on with some. */
  unreadable?: string[];
  sessionsEnded: number;
  jobsEnded: string[];
  /** What had been stopped before Backstep came. */
  alreadyStopped: string[];
  /** What else was paused, as the record has it. */
  paused?: Pause[];
  /** Migrations that were still running or idle in their transaction, and were ended. */
  migrationsEnded?: string[];
  /** Whether workloads that go on can read meanwhile, in words; absent where none goes on. */
  reads?: string;
  /** Prepared transactions that were rolled back, where the definition says so. */
  rolledBack?: string[];
  /** From when on the application may have written what no way back holds; ISO 8601. */
  resumedAt?: string;
}

/**
 * What was found between the stop of writes and the downgrade: what people approve, and by which the downgrade
 * is undone. `backup` is absent while it is still being proved (`proveBefore`), the snapshot standing.
 */
export interface WaysBack {
  stopped: StoppedWrites;
  snapshot: Snapshot;
  backup?: Backup;
  rehearsal: Rehearsal;
  salvage: Salvage;
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
  /** Names of the service's own HTTP checks that passed; absent where there are none. */
  checks?: string[];
  /** What would bring the bad release back: it stays paused until a person resumes it (law 4). */
  staysPaused?: Pause[];
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
  /** What else was resumed, in words. */
  resumed?: string[];
  /** What cannot be as it was, and why. */
  notes?: string[];
}

export interface Restored {
  /** The failed database, kept. */
  kept: string;
  counts: Record<string, number>;
  revision: string;
  seconds: number;
  /** Absent where a version without snapshots restored it: from the backup. */
  from?: 'snapshot' | 'backup';
  /** Settings of the database that a person must carry over, with the command. */
  notes?: string[];
}

/** What became of an emergency restore while another operation of the service is open. */
export type HandedOver =
  | { to: 'nobody' }
  /** The rollback `workflowId` restores, by the decision at its hold. */
  | { to: 'rollback'; workflowId: string; hold: string; said: string }
  /** Open, and not where it could restore; `next` is what a person can do. */
  | { to: 'busy'; workflowId: string; phase: string; next: string };

/** A restored database, beside the one that is fenced off; nothing is renamed yet. */
export interface RestoredBeside {
  database: string;
  counts: Record<string, number>;
  revision: string;
  seconds: number;
  /** What was compared, in words. */
  checked: string[];
  /** What the service's own checks found wrong: people see it at gate `restore`, and decide. */
  wrong?: string[];
  notVerified: string[];
}

export interface PutInPlace {
  /** The database as it was, kept. */
  kept: string;
  counts: Record<string, number>;
  revision: string;
  seconds: number;
  /** Settings of the database that a person must carry over, with the command. */
  notes: string[];
}

export interface ReportFiles {
  markdown: string;
  json: string;
  /** One file, with the timeline drawn; absent of reports that an older version wrote. */
  html?: string;
}

/** What each step finds, kept with its journal entry so that views and report need nothing else. */
export interface Findings {
  assess: Observations;
  'stop-writes': StoppedWrites;
  'guard-writes': { breaches: Breach[] };
  snapshot: Snapshot;
  'back-up': Backup;
  rehearse: Rehearsal;
  'rehearse-live': LiveRehearsal;
  salvage: Salvage;
  downgrade: Downgrade;
  verify: Verification;
  'roll-back-app': RolledBackApp;
  'start-app': StartedApp;
  'resume-cron-jobs': ResumedCronJob;
  'put-back': PutBack;
  restore: Restored;
  'hand-over': HandedOver;
  'restore-beside': RestoredBeside;
  'data-diff': DataDiff;
  'put-in-place': PutInPlace;
  'restore-instance': RestoredInstance;
  'compare-instance': ComparedInstance;
  'switch-database': SwitchedDatabase;
  'switch-back': SwitchedBack;
  report: ReportFiles;
}
