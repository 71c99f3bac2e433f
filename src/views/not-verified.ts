import type { Journal } from '../domain/journal/journal.ts';
import { decisionsIn } from './report/decisions.ts';
import { damagedIn } from './report/emergency.ts';
import { entriesOf, foundBy } from '../domain/journal/progress.ts';
import type { Subject } from '../domain/journal/progress.ts';
import { named } from '../domain/text.ts';

/** Law 10: what nobody proved, as far as the journal tells; in words, each once. */
export function notVerifiedIn(journal: Journal, { plan }: Subject): string[] {
  const decided = decisionsIn(journal).some(({ proof }) => proof === 'self-asserted');
  const began = (step: string) => entriesOf(journal, 'step-began').some((entry) => entry.step === step);
  const damaged = damagedIn(journal);
  const unproved = [
    ...(foundBy(journal, 'assess')?.notVerified ?? []),
    ...(foundBy(journal, 'verify')?.notVerified ?? []),
    ...(foundBy(journal, 'restore-beside')?.notVerified ?? []),
    ...(damaged.length > 0 ? [`What ${named(damaged)} held: it could not be read.`] : []),
    ...(foundBy(journal, 'compare-instance')?.notVerified ?? []),
    ...(began('downgrade') && !foundBy(journal, 'verify')
      ? ['The database after the downgrade was not verified.']
      : []),
    ...(foundBy(journal, 'roll-back-app')?.staySuspended ?? []).map(
      (name) => `CronJob ${name} was not tried: it stays suspended.`,
    ),
    ...entriesOf(journal, 'step-failed')
      .filter(({ step }) => step === 'guard-writes')
      .map(
        ({ fault }) => `Whether writes stayed stopped, after keeping them stopped failed: ${fault.message}`,
      ),
    ...(decided ? ['Who decided: names are self-asserted, nobody proved an identity.'] : []),
    ...(plan && began('put-back')
      ? ['Whether the application is healthy after putting back: it runs as it was found.']
      : []),
  ];
  return [...new Set(unproved)];
}
