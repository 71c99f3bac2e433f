import type { Decision } from './approval/answers.ts';

/** Where a failure is met; it decides what happens then, and so which next moves there are. */
export type FailureGroup = 'start' | 'any-step' | 'reversible' | 'irreversible' | 'people';

interface Declared {
  group: FailureGroup;
  /** Whether Temporal tries the activity again by itself: only where the cause may have gone meanwhile. */
  retry: boolean;
  /** What it says, for an engineer who meets it at night. */
  meaning: string;
  /** The one answer at a hold that helps with it; `retry` where none is named. */
  decide?: Decision;
  /** What the operator can do at that point. Said with every instance, so it names no place of the code. */
  next: string;
}

/**
 * The closed set of failures: each is declared here and nowhere else, and docs/troubleshooting.md is made from
 * it. The message of an instance says what was seen.
 */
export const failures = {
  InvalidRequest: {
    group: 'start',
    retry: false,
    meaning:
      'The request is not understood: a misspelt key, a wrong revision, or a time-out of the whole run.',
    next: 'Correct the request and start again; nothing was touched.',
  },
  InvalidDefinition: {
    group: 'start',
    retry: false,
    meaning: 'The service definition has faults, or there is none of that name.',
    next: 'Correct the service definition (`backstep validate` names every fault) and start again.',
  },
  AlreadyRunning: {
    group: 'start',
    retry: false,
    meaning: 'Another operation on this database is open, perhaps under another workflow ID.',
    next: 'Follow the operation that is open: `backstep status <service> --watch`.',
  },
  UnfinishedOperation: {
    group: 'start',
    retry: false,
    meaning:
      'An earlier operation ended or was terminated while writes were stopped. Its record says what it stopped.',
    next: 'Start the same kind of operation again, without a target or with the recorded one: it takes the unfinished one up.',
  },
  Refused: {
    group: 'start',
    retry: false,
    meaning: 'Something that will be needed later is missing now. Each fault is named.',
    next: 'Fix each fault named and start again; nothing was touched.',
  },
  TargetUnknown: {
    group: 'start',
    retry: false,
    meaning: 'The history in the image has no such revision.',
    next: 'Start again with one of the revisions named, or name an image that holds the whole history (`migrations.image`).',
  },
  TargetNotAncestor: {
    group: 'start',
    retry: false,
    meaning: 'That revision is not below the present one, so that no downgrade leads to it.',
    next: 'Start again with one of the revisions named.',
  },
  SeveralHeads: {
    group: 'start',
    retry: false,
    meaning:
      'The database is at several revisions at once, or the way down is not unique: `-1` could mean several revisions.',
    next: 'Name one explicit revision that all branches lead to, or merge the heads in the migrations first.',
  },
  SourceUnusable: {
    group: 'start',
    retry: false,
    meaning: 'What should be restored is missing, empty, damaged, or of another database.',
    next: 'Name another snapshot, backup or file (`--from`, `--file`), or fix what is named, and start again; nothing was touched.',
  },
  NotRestorable: {
    group: 'start',
    retry: false,
    decide: 'abort',
    meaning: 'The provider cannot restore to that time, or the time could not be found.',
    next: 'Name a time that the provider can restore to (`--to`), or fix what is named, and start again; at a hold answer `abort` first.',
  },
  KubernetesUnreachable: {
    group: 'any-step',
    retry: true,
    meaning: 'The Kubernetes API does not answer.',
    next: 'Restore the connection to the Kubernetes API; it goes on by itself.',
  },
  KubernetesRightMissing: {
    group: 'any-step',
    retry: false,
    meaning: 'The worker may not do this in the cluster.',
    next: 'Grant the right named: `deploy/rbac-service.yaml` has those in the namespace of the service, `deploy/rbac.yaml` those over operation records.',
  },
  WorkloadMissing: {
    group: 'any-step',
    retry: false,
    meaning: 'A Deployment, CronJob, container or claim of the definition does not exist.',
    next: 'Create what is missing; or correct the name in the definition, which counts from the next start.',
  },
  SecretMissing: {
    group: 'any-step',
    retry: false,
    meaning: 'A Secret, or a key in it, does not exist.',
    next: 'Create the Secret or the key; or correct the reference in the definition, which counts from the next start.',
  },
  DatabaseUnreachable: {
    group: 'any-step',
    retry: true,
    meaning: 'PostgreSQL does not answer, or ends the connection.',
    next: 'Restore the connection to PostgreSQL; it goes on by itself.',
  },
  DatabaseLoginRefused: {
    group: 'any-step',
    retry: false,
    meaning: 'PostgreSQL refuses the user or the password.',
    next: 'Correct the user or the password in the Secret named.',
  },
  DatabaseRightMissing: {
    group: 'any-step',
    retry: false,
    meaning: 'The role may not do this in PostgreSQL.',
    next: 'Grant the right named.',
  },
  DatabaseInvalid: {
    group: 'any-step',
    retry: false,
    meaning: 'A database, table, extension or column that is expected does not exist, or a name is taken.',
    next: 'Fix what is named in the database; or correct the definition, which counts from the next start.',
  },
  DatabaseDamaged: {
    group: 'any-step',
    retry: false,
    decide: 'abort',
    meaning:
      'PostgreSQL cannot read a page of a table or an index: it is broken, or the disk does not give it.',
    next: 'At a hold answer `abort`. Then run `backstep emergency-restore <service>`: it goes on without what cannot be read, and keeps the damaged database. Check the disk.',
  },
  MigrationToolMissing: {
    group: 'any-step',
    retry: false,
    decide: 'abort',
    meaning: 'The image does not hold the migration tool, or not where the definition says.',
    next: 'Name an image that holds the tool and the migrations (`migrations.image`), or correct the other keys of `migrations`; that counts from the next start.',
  },
  MigrationsBroken: {
    group: 'any-step',
    retry: false,
    decide: 'abort',
    meaning:
      'The migration tool itself fails: its configuration, the connection to the database, or a migration that cannot be loaded.',
    next: 'Read the output of the Job; then correct `migrations` in the definition or the image, which counts from the next start.',
  },
  JobNotStarted: {
    group: 'any-step',
    retry: false,
    meaning: 'The pod of a Job does not start.',
    next: 'Read the events of the pod (image, volume, quota) and fix the cause.',
  },
  JobFailed: {
    group: 'any-step',
    retry: false,
    meaning: 'A Job failed.',
    next: 'Read the output of the Job named and fix the cause.',
  },
  ProviderUnreachable: {
    group: 'any-step',
    retry: true,
    meaning: "The provider's API does not answer.",
    next: 'Restore the connection to the provider of the database; it goes on by itself.',
  },
  ProviderRefused: {
    group: 'any-step',
    retry: false,
    meaning: "The provider's API refuses the worker.",
    next: 'Give the worker the credentials or the right named; or correct `pointInTime` in the definition, which counts from the next start.',
  },
  StorageFailed: {
    group: 'any-step',
    retry: true,
    meaning: 'The directory of reports and evidence cannot be written or read.',
    next: 'Make the reports directory writable; it goes on by itself.',
  },
  OperationLost: {
    group: 'any-step',
    retry: false,
    decide: 'abort',
    meaning: 'The record of this database is gone, or belongs to another operation.',
    next: 'Look at `backstep status <service>`. If another operation is open, follow that one and answer `abort` here.',
  },
  StepOverdue: {
    group: 'any-step',
    retry: false,
    meaning: 'A step did not end in the time that it has, its repeated attempts counted together.',
    next: 'Look at what the step last did, and at its Job where it has one. At a hold, `retry` gives it the same time again.',
  },
  Unexpected: {
    group: 'any-step',
    retry: false,
    meaning: 'An error that Backstep does not know. The step was tried five times before anybody was asked.',
    next: 'At a hold, `retry` once; if it fails again, decide as for any other failure of this step. Afterwards report it as a bug, with the report and the log of the worker.',
  },
  WritesNotStopped: {
    group: 'reversible',
    retry: false,
    meaning: 'A session or a pod is still there after the grace period, or the database is not fenced.',
    next: 'End the session or pod named. Then start again, for everything was put back; at a hold, `retry`.',
  },
  SnapshotFailed: {
    group: 'reversible',
    retry: false,
    meaning: 'The snapshot could not be made, or is not equal to the database.',
    next: 'Fix what is named, then `retry`. Or `abort`, set `snapshot.use: never` and start again: then the backup is the only way back.',
  },
  BackupFailed: {
    group: 'reversible',
    retry: false,
    meaning: 'The dump could not be made.',
    next: 'Fix the storage or the error of the dump, then `retry`.',
  },
  BackupNotProved: {
    group: 'reversible',
    retry: false,
    meaning: 'The dump was read back, and is not what the database holds; or no way back is left.',
    next: 'Fix what is named, then `retry`; or `abort` and start again, which makes a new backup. Nothing is downgraded without a proven way back.',
  },
  RehearsalFailed: {
    group: 'reversible',
    retry: false,
    decide: 'abort',
    meaning: 'The downgrade failed on a copy of this database, so it was not begun.',
    next: '`abort` puts everything back. Then correct the migration, or restore instead: `backstep emergency-restore <service>`.',
  },
  RehearsalYielded: {
    group: 'reversible',
    retry: false,
    meaning: 'A rehearsal by itself stopped, because the database was needed or a rollback began.',
    next: 'Nothing was touched. Rehearse again later.',
  },
  SalvageFailed: {
    group: 'reversible',
    retry: false,
    meaning: 'What the downgrade would destroy could not be saved.',
    next: 'Fix the storage or the error named, then `retry`. `skip` goes on without saving: the rows are then only in the snapshot and the backup, and gate `downgrade` asks the people of `approvals.loss`.',
  },
  WritesCameBack: {
    group: 'irreversible',
    retry: false,
    decide: 'abort',
    meaning:
      'Something wrote to the database after the ways back were made, so that they do not hold everything. The database was not changed.',
    next: '`abort`, then start again: writes stay stopped meanwhile, and new ways back are made first.',
  },
  NotApproved: {
    group: 'irreversible',
    retry: false,
    decide: 'abort',
    meaning: 'What was approved is not what would be done now. Nothing was done.',
    next: '`abort`, then start again: the plan is made anew, and people are asked again.',
  },
  DowngradeFailed: {
    group: 'irreversible',
    retry: false,
    meaning: 'The downgrade failed, and the database is where it was.',
    next: 'Read the output, fix the cause and `retry`; or `restore`.',
  },
  DowngradeUnclear: {
    group: 'irreversible',
    retry: false,
    decide: 'restore',
    meaning: 'The database is at a revision that is neither the old one nor the target.',
    next: 'Look at the revision named. `restore` goes back; `retry` moves to the target and nowhere else.',
  },
  VerificationFailed: {
    group: 'irreversible',
    retry: false,
    decide: 'restore',
    meaning:
      'After the downgrade something is not as rehearsed: the revision, the schema, rows, or a check of your own.',
    next: '`restore`, where it is offered, brings the data from before back. `retry` only looks again: it helps where you have fixed the data by hand, or where a check was wrong.',
  },
  NoFittingImage: {
    group: 'irreversible',
    retry: false,
    decide: 'abort',
    meaning:
      'No release of a workload needs exactly the target revision, or something else set the image back.',
    next: '`abort`, name an image in the definition (`workloads[].image`), and start again: the new start takes the operation up. Only where something else sets the image back: pause that, then `retry`.',
  },
  NotReady: {
    group: 'irreversible',
    retry: false,
    meaning: 'Pods of the application did not become Ready in time. Writes are stopped again.',
    next: 'Fix the workload named, then `retry`.',
  },
  Unhealthy: {
    group: 'irreversible',
    retry: false,
    meaning:
      'The application answers its health check, or a check of your own, with a failure. Writes are stopped again.',
    next: 'Fix what the check reports, then `retry`.',
  },
  CronJobFailed: {
    group: 'irreversible',
    retry: false,
    meaning: 'A resumed CronJob ran and failed. It is suspended again.',
    next: 'Fix it and `retry`; or `skip`, and resume it by hand later.',
  },
  RestoreFailed: {
    group: 'irreversible',
    retry: false,
    meaning: 'The restore did not finish. Nothing was destroyed: the database as it was is kept.',
    next: 'Fix the cause and `retry`, and call for help. Where the database was not replaced yet (gate `restore` of an emergency restore is still to come), `abort` puts everything back.',
  },
  SecretChanged: {
    group: 'irreversible',
    retry: false,
    meaning: 'A Secret does not hold what Backstep read from it before. It was not overwritten.',
    next: 'Find out who changed the Secret named. Then `retry` at the hold; where everything was put back, start again.',
  },
  NewInstanceWritten: {
    group: 'irreversible',
    retry: false,
    decide: 'abort',
    meaning: 'Rows were written to the new instance after the switch; going back would lose them.',
    next: '`abort` leaves both instances as they are, with writes stopped. Copy the rows by hand.',
  },
  PutBackFailed: {
    group: 'irreversible',
    retry: false,
    meaning: 'Something that was stopped could not be started again. The escalation path was called.',
    next: 'Fix the cause, then `retry`. `abort` ends with everything as it is now: use the commands by hand, or start again to take it up.',
  },
  CancelRequested: {
    group: 'irreversible',
    retry: false,
    meaning:
      'Somebody asked Temporal to cancel after the database had changed, where nothing is undone by itself.',
    next: '`retry` goes on with this step. `abort` ends with everything as it is now. `restore`, where it is offered, goes back.',
  },
  MessageRefused: {
    group: 'people',
    retry: false,
    meaning: 'An approval or a decision was ignored; the message says why.',
    next: 'Look at `backstep status <service>`: it shows the open gate or hold, its plan hash and its decisions.',
  },
  ProofInvalid: {
    group: 'people',
    retry: false,
    meaning: "The gateway's signature on a message is invalid, or too old.",
    next: 'Sign in at the gateway and press again. If that fails too, the file `BACKSTEP_GATEWAY_KEYS` of the worker lacks the public key of the gateway.',
  },
  NotDelivered: {
    group: 'people',
    retry: true,
    meaning: 'A notification channel does not answer.',
    next: 'It is tried again for ten minutes. Tell the people yourself, and look at the channel named.',
  },
  ChannelRefused: {
    group: 'people',
    retry: false,
    meaning: 'A notification channel refuses the message: a wrong key, or a webhook that is gone.',
    next: 'Tell the people yourself. Correct the Secret of the channel named now, and `notify` in the definition for the next start.',
  },
} as const satisfies Record<string, Declared>;

export type FailureType = keyof typeof failures;

export const isFailureType = (type: string): type is FailureType => Object.hasOwn(failures, type);

/** One thing that is wrong: its type, what was seen, and the operator's next move. */
export interface Fault {
  type: FailureType;
  message: string;
  next: string;
  /** Of the step that is the pivot: it ended before the pivot, so that all is undone as before it. */
  beforePivot?: true;
}

export const fault = (type: FailureType, message: string): Fault => ({
  type,
  message,
  next: failures[type].next,
});

/** A fault thrown by adapters and activities; activities/boundary.ts turns it into an ApplicationFailure of that type. */
export class Failure extends Error {
  override readonly name = 'Failure';
  constructor(
    readonly type: FailureType,
    message: string,
    readonly details: Record<string, unknown> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
