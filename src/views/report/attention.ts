import type { Journal } from '../../domain/journal/journal.ts';
import { afterwards } from '../../domain/plan/pauses.ts';
import { damagedIn } from './emergency.ts';
import { instancesIn } from './point-in-time.ts';
import { named } from '../../domain/text.ts';
import { entriesOf, foundBy } from '../../domain/journal/journal.ts';
import type { Subject } from '../progress.ts';
import { progressOf } from '../progress.ts';
import { restore } from '../../activities/restore/step.ts';
import { putInPlace } from '../../activities/put-in-place/step.ts';
import { rollBackApp } from '../../activities/roll-back-app/step.ts';
import { startApp } from '../../activities/start-app/step.ts';
import { backUp } from '../../activities/back-up/step.ts';
import { salvage } from '../../activities/salvage/step.ts';
import { putBack } from '../../activities/put-back/step.ts';
import { declared } from '../../activities/steps.ts';

/** The runbook's Post-Rollback list, in its own order. */
const postRollback = [
  'Analyze the root cause of the migration failure',
  'Document the incident for future reference',
  'Update the migration script to fix the issues',
  'Re-test in staging thoroughly',
  'Schedule a new deployment when ready',
  'Communicate to team and stakeholders',
];

/** What is not as it should be in the end, and needs a person: said first. */
export function attentionIn(journal: Journal, subject: Subject, frozen: boolean): string[] {
  const failedDatabase = (foundBy(journal, restore) ?? foundBy(journal, putInPlace))?.failedDatabase;
  const { plan } = subject;
  const skipped = progressOf(journal, subject).steps;
  const failures = entriesOf(journal, 'step-failed').filter(({ step }) => step === putBack.name);
  return [
    ...brokenGlass(journal),
    ...damaged(journal, failedDatabase),
    ...staysPaused(journal),
    ...(frozen ? ['Writes are stopped: the application is down until a person resumes it.'] : []),
    ...failures.map(({ fault }) => `Putting back failed: ${fault.message}`),
    ...(foundBy(journal, rollBackApp)?.staySuspended ?? []).map(
      (name) => `CronJob ${name} stays suspended: no image fits the target.`,
    ),
    ...skipped
      .filter(({ state }) => state === 'skipped')
      .map(({ part, summary }) => `CronJob ${part ?? ''} was skipped and stays suspended: ${summary ?? ''}`),
    ...instancesIn(journal, plan),
    ...(failedDatabase === undefined
      ? []
      : [`Database ${failedDatabase} is kept; remove it when nobody needs it any more.`]),
  ];
}

/** What is damaged may break further: first of all where it is still the one in use. */
function damaged(journal: Journal, failedDatabase: string | undefined): string[] {
  const what = named(damagedIn(journal));
  if (what === '') return [];
  return failedDatabase === undefined
    ? [`The database is damaged, and still the one in use: ${what} cannot be read. Look at the disk.`]
    : [
        `Database ${failedDatabase} is damaged: ${what} could not be read. Look at the disk before anything else is kept on it.`,
      ];
}

/** Before all else: somebody passed a gate alone, and people must look at that afterwards. */
const brokenGlass = (journal: Journal): string[] =>
  entriesOf(journal, 'gate-approved')
    .filter(({ breakGlass }) => breakGlass)
    .map(
      ({ gate, by, reason, proof }) =>
        `Glass broken: ${by} (${proof?.roles.join(', ') ?? ''}) passed gate ${gate} alone: ${reason ?? ''}`,
    );

/** Law 4: said first of all, for it would bring the bad release back. */
const staysPaused = (journal: Journal): string[] =>
  (foundBy(journal, startApp)?.staysPaused ?? []).map(
    (pause) => `${pause.what} stays paused, or it would bring the bad release back. ${afterwards(pause)}`,
  );

/** What is left for people to do, ending with the runbook's own list. */
export function toDoIn(journal: Journal, attention: string[], { plan }: Subject): string[] {
  const moved = entriesOf(journal, 'step-began').some(({ step }) => declared(step)?.moves);
  const backup = foundBy(journal, backUp);
  return [
    ...attention,
    ...(moved && plan && plan.from !== plan.target
      ? [`Keep ${plan.migrationImage} from being deployed again before it is mended`]
      : []),
    ...(foundBy(journal, salvage)?.saved && moved
      ? ['Put back what was salvaged, once a corrected migration is applied']
      : []),
    ...(backup ? [`Decide how long backup ${backup.file} is kept`] : []),
    ...tellYourself(journal),
    ...(moved ? postRollback : []),
  ];
}

const tellYourself = (journal: Journal): string[] =>
  [...new Set(entriesOf(journal, 'not-notified').map(({ to }) => to))].map(
    (to) =>
      `Tell the people on ${to} what happened, and fix that channel: the messages could not be delivered`,
  );
