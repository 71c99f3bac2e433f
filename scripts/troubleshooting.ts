import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { failures } from '../src/runbook/failures.ts';
import type { FailureType } from '../src/runbook/failures.ts';

export const troubleshootingFile = fileURLToPath(new URL('../docs/troubleshooting.md', import.meta.url));

/** What each failure means, for somebody who meets it at night. A type that is missing here does not compile. */
const meanings: Record<FailureType, string> = {
  InvalidRequest:
    'What was asked for is not understood: a misspelt key, a wrong revision, a time-out of the run.',
  InvalidDefinition: 'The service definition has faults, or there is none of that name.',
  AlreadyRunning: 'An operation of this service is open, perhaps under another workflow ID.',
  UnfinishedOperation:
    'An earlier operation was terminated with writes stopped; its record says what it stopped.',
  Refused: 'Something that is needed later is missing now; each fault is named.',
  TargetUnknown: 'The history of the image has no such revision.',
  TargetNotAncestor: 'That revision does not lie before the present one.',
  SeveralHeads: 'The history has several heads, so that `-1` could mean several revisions.',
  AlembicMissing: 'The image has no Alembic, or none where the definition says.',
  AlembicBroken: 'Alembic itself fails: its configuration, env.py or a migration that cannot be imported.',
  SourceUnusable: 'What would be restored from is not there, empty, damaged, or not of this database.',
  NotRestorable: 'The provider cannot restore to that moment, or nobody could tell which moment is meant.',
  KubernetesUnreachable: 'The Kubernetes API does not answer.',
  KubernetesRightMissing: 'The worker may not do this in the cluster.',
  WorkloadMissing: 'A Deployment, CronJob or claim of the definition is not there.',
  SecretMissing: 'A Secret, or a key in it, is not there.',
  DatabaseUnreachable: 'PostgreSQL does not answer, or ends the connection.',
  DatabaseLoginRefused: 'PostgreSQL refuses user or password.',
  DatabaseRightMissing: 'The role may not do this in PostgreSQL.',
  DatabaseInvalid: 'A database, table or extension of the definition is not there.',
  DatabaseDamaged: 'A page of a table or an index is broken, or the disk does not give it.',
  ProviderUnreachable: "The provider's API does not answer.",
  ProviderRefused: "The provider's API refuses the worker.",
  StorageFailed: 'The directory of reports and evidence cannot be written or read.',
  WritesNotStopped: 'A session or a pod is still there after the grace period; everything is put back.',
  WritesCameBack:
    'Something wrote after backup, restore point or rehearsal were made: they no longer hold everything.',
  OperationLost: 'The record of this database belongs to another operation.',
  JobNotStarted: 'The pod of a Job does not come up.',
  JobFailed: 'A Job ended badly.',
  RestorePointFailed: 'The clone could not be made, or is not equal to the database.',
  BackupFailed: 'The dump could not be made.',
  BackupNotProved: 'The dump was read back, and is not what the database holds.',
  RehearsalFailed: 'The downgrade fails on a copy, as it would have failed in production.',
  RehearsalYielded: 'A rehearsal by itself found the database in use, or a rollback begun.',
  SalvageFailed: 'What the downgrade would destroy could not be kept.',
  NotApproved: 'What was approved is not what would be done now.',
  DowngradeFailed: 'Alembic failed, and the database is where it was.',
  DowngradeUnclear: 'The database is at a revision that is neither the old one nor the target.',
  VerificationFailed:
    'After the downgrade something is not as rehearsed: revision, schema, rows, or a check of your own.',
  NoFittingImage: 'No release of a workload has the target as its Alembic head.',
  NotReady: 'Pods of the application did not become Ready in time.',
  Unhealthy: 'The application answers its health check, or a check of your own, with a failure.',
  CronJobFailed: 'A resumed CronJob ran, and failed.',
  RestoreFailed: 'The restore did not come to its end.',
  SecretChanged: 'A Secret is no longer what Backstep read; it is not overwritten.',
  NewInstanceWritten: 'Rows were written to the new instance since it was switched to.',
  PutBackFailed: 'Something that was stopped could not be started again.',
  CancelRequested: 'Somebody asked to cancel after the downgrade had begun.',
  MessageRefused: 'An approval or a decision counted for nothing; the message says why.',
  ProofInvalid: "The gateway's signature under a message is not valid, or too old.",
  NotTold: 'A channel did not answer.',
  ChannelRefused: 'A channel refuses what is sent: a wrong key, or a webhook that is gone.',
  Unexpected: 'Something that Backstep does not know.',
};

const groups: { title: string; intro: string; types: FailureType[] }[] = [
  {
    title: 'Before anything is touched',
    intro: 'It ends at once; nothing has changed.',
    types: [
      'InvalidRequest',
      'InvalidDefinition',
      'AlreadyRunning',
      'UnfinishedOperation',
      'Refused',
      'TargetUnknown',
      'TargetNotAncestor',
      'SeveralHeads',
      'AlembicMissing',
      'AlembicBroken',
      'SourceUnusable',
      'NotRestorable',
    ],
  },
  {
    title: 'Connections, names and rights',
    intro: 'At the start they refuse the operation; later they hold it.',
    types: [
      'KubernetesUnreachable',
      'KubernetesRightMissing',
      'WorkloadMissing',
      'SecretMissing',
      'DatabaseUnreachable',
      'DatabaseLoginRefused',
      'DatabaseRightMissing',
      'DatabaseInvalid',
      'DatabaseDamaged',
      'ProviderUnreachable',
      'ProviderRefused',
      'StorageFailed',
    ],
  },
  {
    title: 'Writes stopped, database not yet downgraded',
    intro:
      'The database is as it was. `abort` at the hold, or waiting until its deadline, puts everything back.',
    types: [
      'WritesNotStopped',
      'WritesCameBack',
      'OperationLost',
      'JobNotStarted',
      'JobFailed',
      'RestorePointFailed',
      'BackupFailed',
      'BackupNotProved',
      'RehearsalFailed',
      'RehearsalYielded',
      'SalvageFailed',
      'NotApproved',
    ],
  },
  {
    title: 'From the downgrade on',
    intro: 'Nothing unwinds by itself: it holds, writes stay stopped, and a person decides.',
    types: [
      'DowngradeFailed',
      'DowngradeUnclear',
      'VerificationFailed',
      'NoFittingImage',
      'NotReady',
      'Unhealthy',
      'CronJobFailed',
      'RestoreFailed',
      'SecretChanged',
      'NewInstanceWritten',
      'PutBackFailed',
      'CancelRequested',
    ],
  },
  {
    title: 'Messages and people',
    intro: 'None of these stands in the way of a rollback.',
    types: ['MessageRefused', 'ProofInvalid', 'NotTold', 'ChannelRefused', 'Unexpected'],
  },
];

/** What has no type, since it is no failure of a rollback. */
const others: [seen: string, means: string, next: string][] = [
  [
    '`No worker polls the task queue`',
    'The workflow waits; nothing is lost, and writes stay as they are.',
    'Start a worker for this address and namespace. It goes on where it was.',
  ],
  [
    '`Temporal cannot be reached`',
    'The command or the gateway has no connection.',
    'Check `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE` and the certificates; alerts are sent again by their senders.',
  ],
  [
    '`counted for nothing` in `status`',
    'A message came for another plan, another gate, or from somebody who may not.',
    'Read why, look at the gate again, and approve the hash that it shows now.',
  ],
  [
    'a gate that nobody passes',
    'Too few people, or not of the role that the definition wants.',
    'Look at `approvals` in the definition; whoever may break the glass passes alone, with a reason.',
  ],
  [
    'the gateway answers 401 or 403',
    'Nobody is proved by the request, its signature is wrong or old, or the role is missing.',
    'Check the secret of the sender or your own token, and the clocks.',
  ],
  [
    'the gateway answers 200, and nothing starts',
    'The answer says why: no rule matches, or the alert is known already.',
    'Compare the labels in the answer with `triggers` in the definition.',
  ],
];

const cell = (text: string) => text.replaceAll('|', String.raw`\|`);
const row = (...cells: string[]) => `| ${cells.map(cell).join(' | ')} |`;

/** Types that no group has; there must be none. */
export const ungrouped = (): string[] =>
  Object.keys(failures).filter((type) => !groups.some(({ types }) => types.some((each) => each === type)));

/** By error type: what it means, and the next move that Backstep itself tells. */
export const troubleshootingText = (): string =>
  [
    '# Troubleshooting',
    '',
    '<!-- Made by `npm run build` from src/runbook/failures.ts and scripts/troubleshooting.ts; change those, not this. -->',
    '',
    'Every failure has a type and a next move; both stand in `backstep status`, on the page, in the Temporal UI and in the report. Those marked ↻ Temporal tries again by itself, as long as the step may take. At a hold, `backstep status <service>` also prints the commands that undo the freeze by hand.',
    ...groups.flatMap(({ title, intro, types }) => [
      '',
      `## ${title}`,
      '',
      intro,
      '',
      '| type | what it means | next move |',
      '|---|---|---|',
      ...types.map((type) =>
        row(`\`${type}\`${failures[type].retry ? ' ↻' : ''}`, meanings[type], failures[type].next),
      ),
    ]),
    '',
    '## What is no failure of a rollback',
    '',
    '| seen | what it means | next move |',
    '|---|---|---|',
    ...others.map((each) => row(...each)),
    '',
  ].join('\n');

export const writeTroubleshooting = () => writeFile(troubleshootingFile, troubleshootingText());
