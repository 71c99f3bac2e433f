/**
 * The closed set of failures. Each says the operator's next move; the message of an instance says what was
 * seen. `retry` tells whether Temporal tries the activity again by itself: only where the world may have
 * mended meanwhile.
 */
export const failures = {
  InvalidRequest: { retry: false, next: 'Correct the request and start again; nothing was touched.' },
  InvalidDefinition: {
    retry: false,
    next: 'Correct the service definition (`backstep validate`) and start again.',
  },
  AlreadyRunning: {
    retry: false,
    next: 'Follow the rollback that is open: `backstep status <service> --watch`.',
  },
  UnfinishedOperation: {
    retry: false,
    next: 'Start without a target, or with the recorded one: the record of the unfinished rollback is taken up.',
  },
  Refused: { retry: false, next: 'Mend each fault named and start again; nothing was touched.' },
  OperationLost: {
    retry: false,
    next: 'Another operation holds the record of this database; follow that one.',
  },
  KubernetesUnreachable: {
    retry: true,
    next: 'Restore the connection to the Kubernetes API; the rollback goes on by itself.',
  },
  KubernetesRightMissing: {
    retry: false,
    next: 'Give the role the right named (deploy/rbac.yaml) and try again.',
  },
  WorkloadMissing: {
    retry: false,
    next: 'Correct the names in the service definition, or create what is missing.',
  },
  SecretMissing: {
    retry: false,
    next: 'Correct the Secret reference in the service definition, or create the Secret.',
  },
  DatabaseUnreachable: {
    retry: true,
    next: 'Restore the connection to PostgreSQL; the rollback goes on by itself.',
  },
  DatabaseLoginRefused: { retry: false, next: 'Correct the user or password in the Secret named.' },
  DatabaseRightMissing: { retry: false, next: 'Grant the right named and try again.' },
  DatabaseInvalid: {
    retry: false,
    next: 'Correct the database, tables or extensions in the service definition.',
  },
  DatabaseDamaged: {
    retry: false,
    next: 'PostgreSQL cannot read part of what it stored. `abort` what holds, then restore: `backstep emergency-restore <service>` goes on without what cannot be read, and keeps the damaged database. Look at the disk.',
  },
  AlembicMissing: {
    retry: false,
    next: 'Name an image that holds Alembic and the migrations (migrations.image, migrations.python).',
  },
  AlembicBroken: {
    retry: false,
    next: 'Read the output of the Job; correct migrations.config or the image.',
  },
  TargetUnknown: { retry: false, next: 'Choose a revision of the history shown by `backstep plan`.' },
  TargetNotAncestor: { retry: false, next: 'Choose a revision that lies before the current one.' },
  SeveralHeads: {
    retry: false,
    next: 'Merge the heads, or name one explicit revision with a single current one.',
  },
  JobFailed: { retry: false, next: 'Read the output of the Job named; then `retry`.' },
  JobNotStarted: {
    retry: false,
    next: 'Read the events of the Job’s pod (image, volume, quota); mend; then `retry`.',
  },
  WritesNotStopped: { retry: false, next: 'End the session or pod named; then `retry`.' },
  WritesCameBack: {
    retry: false,
    next: '`abort`, then start again: a new backup is made first, so that nothing written since is lost.',
  },
  BackupFailed: { retry: false, next: 'Mend the storage or the dump error named; then `retry`.' },
  BackupNotProved: {
    retry: false,
    next: 'Mend what the proof names; then `retry`. No downgrade happens without a proven backup.',
  },
  RestorePointFailed: {
    retry: false,
    next: 'Mend what is named, then `retry`; or `abort`, and set restorePoint.use to never: the backup alone is the way back then.',
  },
  RehearsalFailed: {
    retry: false,
    next: 'The downgrade fails on a copy, so it was not begun. `abort` puts everything back; mend the migration, restore instead of downgrading, or set rehearsal.use to never.',
  },
  RehearsalYielded: {
    retry: false,
    next: 'Somebody else went first, and nothing was touched: rehearse again later.',
  },
  SalvageFailed: {
    retry: false,
    next: 'Mend the storage or the error named, then `retry`; `skip` goes on, and what is lost is then only in the backup.',
  },
  NotApproved: { retry: false, next: 'Approve this plan hash at this gate.' },
  DowngradeFailed: { retry: false, next: 'Read the output; `retry`, or `restore` from the backup.' },
  DowngradeUnclear: {
    retry: false,
    next: 'Look at the revision named; `retry` moves to the explicit target only, `restore` goes back.',
  },
  VerificationFailed: { retry: false, next: '`restore` from the backup, or mend by hand and `retry`.' },
  NoFittingImage: {
    retry: false,
    next: 'Name an image whose Alembic head is the target in the definition; then `retry`.',
  },
  NotReady: { retry: false, next: 'Writes are stopped again. Mend the workload named; then `retry`.' },
  Unhealthy: { retry: false, next: 'Writes are stopped again. Mend what /health reports; then `retry`.' },
  CronJobFailed: {
    retry: false,
    next: 'The CronJob is suspended again. Mend it and `retry`, or `skip` and resume it by hand.',
  },
  RestoreFailed: {
    retry: false,
    next: 'Nothing was destroyed: the database as it was is kept. Mend the cause; then `retry`. Escalate.',
  },
  SourceUnusable: {
    retry: false,
    next: 'Name another restore point, backup or file as `from`, or mend what is named; nothing was touched.',
  },
  ProviderRefused: {
    retry: false,
    next: 'Give the worker the credentials or the right named, or correct `pointInTime` in the definition; then try again.',
  },
  ProviderUnreachable: {
    retry: true,
    next: 'Restore the connection to the provider of the database; it goes on by itself.',
  },
  NotRestorable: {
    retry: false,
    next: 'Name a moment that the provider can restore (`--to`), or mend what is named.',
  },
  SecretChanged: {
    retry: false,
    next: 'Somebody else changed the Secret named: look at it, then `retry`.',
  },
  NewInstanceWritten: {
    retry: false,
    next: 'Going back would lose what was written to the new instance: `abort` leaves both instances as they are and writes stopped; carry the rows over by hand.',
  },
  PutBackFailed: { retry: false, next: 'Put back by hand with the commands in the report; escalate.' },
  ProofInvalid: {
    retry: false,
    next: 'Log in at the gateway and press again; if it comes back, let the worker’s BACKSTEP_GATEWAY_KEYS hold the public key of the gateway.',
  },
  MessageRefused: {
    retry: false,
    next: 'Look at `backstep status` for the open gate or hold; it names the plan hash and the decisions.',
  },
  CancelRequested: {
    retry: false,
    next: '`retry` goes on with this step; `abort` ends with things as they are; `restore` goes back to the backup.',
  },
  NotTold: {
    retry: true,
    next: 'It is tried again for ten minutes. Tell the people yourself, and look at the channel named.',
  },
  ChannelRefused: {
    retry: false,
    next: 'Tell the people yourself; correct the channel named (`notify` in the definition) or its Secret.',
  },
  StorageFailed: { retry: true, next: 'Make the reports directory writable.' },
  Unexpected: { retry: true, next: 'This is a bug in Backstep: keep the report and the worker’s log.' },
} as const satisfies Record<string, { retry: boolean; next: string }>;

export type FailureType = keyof typeof failures;

export const isFailureType = (type: string): type is FailureType => Object.hasOwn(failures, type);

/** One thing that is wrong: its type, what was seen, and the operator's next move. */
export interface Fault {
  type: FailureType;
  message: string;
  next: string;
}

export const fault = (type: FailureType, message: string): Fault => ({
  type,
  message,
  next: failures[type].next,
});

/** A fault thrown by means and deeds; activities/boundary.ts turns it into an ApplicationFailure of that type. */
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
