import type { Journal } from '../domain/journal/journal.ts';
import { decisionsIn } from './report/decisions.ts';
import { damagedIn } from './report/emergency.ts';
import { named } from '../domain/text.ts';
import { entriesOf, foundBy, hasBegun } from '../domain/journal/journal.ts';
import type { Subject } from './progress.ts';
import { assess } from '../activities/assess/step.ts';
import { verify } from '../activities/verify/step.ts';
import { restoreNewDatabase } from '../activities/restore-new-database/step.ts';
import { compareInstance } from '../activities/compare-instance/step.ts';
import { rollBackApp } from '../activities/roll-back-app/step.ts';
import { downgrade } from '../activities/downgrade/step.ts';
import { putBack } from '../activities/put-back/step.ts';
import { guardWrites } from '../activities/guard-writes/step.ts';

/** Law 10: what nobody proved, as far as the journal tells; in words, each once. */
export function notVerifiedIn(journal: Journal, { plan }: Subject): string[] {
  const decided = decisionsIn(journal).some(({ proof }) => proof === 'self-asserted');
  const damaged = damagedIn(journal);
  const unproved = [
    ...(foundBy(journal, assess)?.notVerified ?? []),
    ...(foundBy(journal, verify)?.notVerified ?? []),
    ...(foundBy(journal, restoreNewDatabase)?.notVerified ?? []),
    ...(damaged.length > 0 ? [`What ${named(damaged)} held: it could not be read.`] : []),
    ...(foundBy(journal, compareInstance)?.notVerified ?? []),
    ...(hasBegun(journal, downgrade) && !foundBy(journal, verify)
      ? ['The database after the downgrade was not verified.']
      : []),
    ...(foundBy(journal, rollBackApp)?.staySuspended ?? []).map(
      (name) => `CronJob ${name} was not tried: it stays suspended.`,
    ),
    ...entriesOf(journal, 'step-failed')
      .filter(({ step }) => step === guardWrites.name)
      .map(
        ({ fault }) => `Whether writes stayed stopped, after keeping them stopped failed: ${fault.message}`,
      ),
    ...(decided ? ['Who decided: names are self-asserted, nobody proved an identity.'] : []),
    ...(plan && hasBegun(journal, putBack)
      ? ['Whether the application is healthy after putting back: it runs as it was found.']
      : []),
  ];
  return [...new Set(unproved)];
}
