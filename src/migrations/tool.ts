import type { V1Container, V1PodTemplateSpec } from '@kubernetes/client-node';
import type { Failure, Fault } from '../domain/failures.ts';
import type { OperationId } from '../domain/names.ts';
import type { Revision } from '../domain/plan/revision.ts';
import type { Cluster } from '../kubernetes/cluster.ts';

/**
 * Everything that Backstep needs of a migration tool. A tool is a folder beside this file, its keys in
 * `domain/definition/`, and a line in `index.ts`; nothing else knows which one a service uses.
 *
 * Revisions are the tool's own identifiers. Backstep adds one word, `base`, for the empty schema below the first
 * migration; a tool that calls it otherwise translates.
 */
export interface MigrationTool extends VersionTable {
  /** Its name in text, as its own people write it. */
  title: string;
  /** Tables that are its own and not the application's, the version table among them; without `public.`. */
  toolTables: readonly string[];

  /** Whether a container's command runs it: such a container migrates whenever it starts. */
  runsIn(container: V1Container): boolean;
  /** Matches a line of the application's log that says that a migration failed. */
  failedLine: RegExp;

  /**
   * Asks an image for its history and, if wanted, for the revision at which it finds its database, all in one Job
   * (a pod costs 3 s). Changes nothing (runbook, Step 3).
   *
   * @throws Failure MigrationToolMissing, MigrationsBroken, JobNotStarted
   */
  inspect(
    cluster: Cluster,
    job: MigrationJob,
    options: { current: boolean; signal: AbortSignal },
  ): Promise<Inspection>;
  /**
   * Resolves what was asked for (`-1`, `-2`, `base`, a revision or the beginning of one) to one explicit revision,
   * and lists what a downgrade to it reverts (law 2; runbook, Step 4).
   */
  resolve(requested: string, history: readonly HistoryRevision[], current: readonly string[]): Target;

  /**
   * Moves the database from one revision down to another in one Job: under a lock, from `from` only, to `target`
   * only (law 2). Run twice, it moves once.
   *
   * @throws Failure DowngradeFailed, DowngradeUnclear, MigrationToolMissing, MigrationsBroken, JobFailed,
   *   JobNotStarted
   */
  downgrade(cluster: Cluster, job: DatabaseJob, move: Move, watch: MigrationWatch): Promise<Moved>;
  /**
   * Upgrades an empty database to a revision by the same migrations: what the schema should be there.
   *
   * @throws Failure as `downgrade`
   */
  build(cluster: Cluster, job: DatabaseJob, target: string, watch: MigrationWatch): Promise<Moved>;
  /**
   * The same Job as `downgrade`, on a copy: observed from within as far as the tool can, and kept from every
   * database but `copy`.
   *
   * @returns a failure of the migrations as a value, since what was seen until then belongs to it
   * @throws Failure MigrationToolMissing, JobFailed (deleted by somebody), JobNotStarted: failures of the
   *   environment, not of the migrations
   */
  rehearse(
    cluster: Cluster,
    job: DatabaseJob,
    move: Move & { copy: string },
    watch: MigrationWatch,
  ): Promise<RehearsedMigration>;
}

/** The table in which a tool keeps what was applied, and how its rows are read. */
export interface VersionTable {
  /** A table that the search path finds, or `schema.table`. */
  versionTable: string;
  /** The revisions at which its rows say the database is: none of an empty or missing table, several of branches. */
  revisionsIn(rows: readonly VersionRow[]): string[];
  /** The row that the migration to `revision` wrote last; undefined where none can be named. */
  rowOf(rows: readonly VersionRow[], revision: string): VersionRow | undefined;
}

/** A row of the version table: each column as PostgreSQL writes it as text. */
export type VersionRow = Readonly<Record<string, string | null>>;

/** A pod in the application's own image in which the tool is run. */
export interface MigrationJob {
  name: string;
  operation: OperationId;
  step: string;
  /** Pod template that knows how the application reaches its database and where its migrations lie. */
  template: V1PodTemplateSpec;
  /** The first one of the template if undefined. */
  container?: string | undefined;
  image: string;
  /** Secret with DATABASE_URL, for another database than the template's own. */
  databaseSecret?: string;
  deadlineSeconds: number;
}

export type DatabaseJob = MigrationJob & { databaseSecret: string };

export interface Move {
  from: string;
  target: string;
}

export interface MigrationWatch {
  signal: AbortSignal;
  /** Told of each migration as it begins: `Running downgrade 0005 -> 0004, Add scores`. */
  onMigration?: (doing: string) => void;
}

/** A migration of the history. */
export interface HistoryRevision extends Revision {
  /** Revisions on which it stands besides its parents, where a tool knows such. */
  dependencies?: string[] | undefined;
  /** Source of its way down, where it could be read. */
  downgrade?: string | undefined;
}

/** What one image says about its migrations. */
export interface Inspection {
  /** Revisions on which nothing stands: what this release of the application needs. */
  heads: string[];
  /** All of them, newest first. */
  history: HistoryRevision[];
  /** Where the image finds its database, as it is configured; none of an empty one. Absent if not asked for. */
  current?: string[] | undefined;
  /** Why it could not say, without secrets. */
  currentError?: string | undefined;
}

export type Target =
  | { kind: 'move'; from: string; target: string; /** Newest first. */ reverts: HistoryRevision[] }
  | { kind: 'there'; revision: string }
  | { kind: 'refused'; fault: Fault };

export interface Moved {
  /** Revisions before; none is `base`. */
  from: string[];
  to: string[];
  /** False where the database was at the target already. */
  moved: boolean;
  seconds: number;
}

/** What was seen of the migrations from within. */
export interface Observed {
  steps: {
    revision: string;
    /** SQL statements that its downgrade ran. */
    statements: number;
    /** Those that change something; the first sixty, cut. */
    sql: string[];
    /** Statements after which it was committed in the middle. */
    commits: string[];
    /** Whether its upgrade does nothing. */
    empty: boolean;
    /** Environment variables that it read. */
    environment: string[];
  }[];
  /** The revision after which each transaction was committed. */
  transactions: string[];
  /** OID, mode, relkind and name of each relation that was locked. */
  locks: [oid: number, mode: string, kind: string, name: string][];
}

export interface RehearsedMigration {
  /** The tool's answer, or its failure. */
  end: Moved | Failure;
  /** Absent where nothing could be observed. */
  observed?: Observed;
  /** What the tool and the migrations printed; the last 500 lines. */
  output: string[];
}

/**
 * Whether a table, or an object of a table (a column as `versions.number`, the primary key as `versions_pkey`), is the tool's own:
 * it is there at any revision, and its rows are no data of the application.
 */
export const isToolTable = (toolTables: readonly string[], name: string): boolean =>
  toolTables.some(
    (table) => name === table || name.startsWith(`${table}.`) || name.startsWith(`${table}_pk`),
  );
