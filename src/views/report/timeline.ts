import type { Entry, Journal, EntryOf } from '../../domain/journal/journal.ts';
import type { PersonProof } from '../../domain/approval/statement.ts';
import { because, duration, people, utc } from '../../domain/text.ts';
import { guardWrites } from '../../activities/guard-writes/step.ts';
import { foundIn } from '../../domain/journal/journal.ts';
import type { Breach } from '../../domain/record.ts';

export interface TimelineLine {
  at: string;
  what: string;
}

const named = ({ step, part, try: number }: { step: string; part?: string; try: number }) =>
  `${step}${part === undefined ? '' : ` ${part}`}${number > 1 ? `, try ${number}` : ''}`;

/** How long a step took, from the entry of its begin. */
function took(journal: Journal, ended: Extract<Entry, { kind: 'step-ended' | 'step-failed' }>): string {
  const began = journal.find(
    (entry) =>
      entry.kind === 'step-began' &&
      entry.step === ended.step &&
      entry.part === ended.part &&
      entry.try === ended.try,
  );
  return began ? ` after ${duration(Date.parse(ended.at) - Date.parse(began.at))}` : '';
}

const proved = (proof: PersonProof | undefined) => (proof === undefined ? '' : `, proved by ${proof.method}`);

const sayings: { [K in Entry['kind']]: (entry: EntryOf<K>, journal: Journal) => string } = {
  'step-began': (entry) => `${named(entry)} began`,
  'step-ended': (entry, journal) => `${named(entry)} done${took(journal, entry)}: ${entry.summary}`,
  'step-failed': (entry, journal) =>
    `${named(entry)} failed${took(journal, entry)}: ${entry.fault.type}: ${entry.fault.message}`,
  'gate-opened': (entry) =>
    `gate ${entry.gate} opened for ${people(entry.people)}, plan ${entry.hash}, until ${utc(entry.expiresAt)}`,
  'gate-approved': (entry) =>
    `gate ${entry.gate} ${entry.breakGlass ? 'passed alone, breaking the glass,' : 'approved'} by ${entry.by}${proved(entry.proof)}${because(entry.reason)}`,
  'gate-closed': (entry) =>
    `gate ${entry.gate}: ${entry.verdict}${entry.by.length > 0 ? ` by ${entry.by.join(', ')}` : ''}${because(entry.reason)}`,
  'hold-opened': (entry) =>
    `hold ${entry.hold}: waits for ${entry.decisions.join(', ')}${entry.deadline === undefined ? '' : ` until ${utc(entry.deadline)}`}`,
  'hold-closed': (entry) =>
    `hold ${entry.hold}: ${entry.decision} by ${entry.by}${proved(entry.proof)}${because(entry.reason)}`,
  'message-ignored': (entry) => `message ${entry.message} by ${entry.by} was ignored: ${entry.why}`,
  escalated: (entry) => `escalated to ${entry.to}: ${entry.why}`,
  notified: (entry) => `told ${entry.to}: ${entry.what}`,
  'not-notified': (entry) => `NOT told ${entry.to}: ${entry.what}: ${entry.why}`,
  annotated: (entry) => `alert ${entry.source} ${entry.fingerprint} ${entry.status}: ${entry.text}`,
  acknowledged: (entry) => `acknowledged by ${entry.by}${proved(entry.proof)}`,
  'cancel-requested': () => 'cancelling was asked for',
  ended: (entry) => `ended ${entry.outcome}: ${entry.reason}`,
};

function said(entry: Entry, journal: Journal): string {
  const saying = sayings[entry.kind] as (entry: Entry, journal: Journal) => string;
  return saying(entry, journal);
}

/** Writers that came back while writes were stopped. */
export const breachesIn = (journal: Journal): Breach[] =>
  journal.flatMap((entry) => foundIn(entry, guardWrites)?.breaches ?? []);

const breached = ({ at, what, reachedDatabase }: Breach): TimelineLine => ({
  at,
  what: `breach: ${what}${reachedDatabase ? ', it reached the database' : ', kept from the database'}`,
});

/** What happened, in order. The guard of the writes tells when it ends what it saw before. */
export const timelineIn = (journal: Journal): TimelineLine[] =>
  [
    ...journal.map((entry) => ({ at: entry.at, what: said(entry, journal) })),
    ...breachesIn(journal).map(breached),
  ].toSorted((one, other) => Date.parse(one.at) - Date.parse(other.at));
