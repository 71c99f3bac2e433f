import type { Advice, Diagnosis } from '../domain/diagnosis.ts';
import { describeLoss } from '../domain/rehearsal.ts';
import { symptom, type Voice } from '../domain/symptoms.ts';
import { line, plain } from './blocks.ts';
import type { Inline, Mood, Text } from './blocks.ts';

const advices: Record<Advice, { badge: string; mood: Mood }> = {
  rollback: { badge: 'Roll back', mood: 'good' },
  'fix-forward': { badge: 'Fix forward instead', mood: 'waits' },
  unsure: { badge: 'Unsure: judge for yourself', mood: 'waits' },
};
const voices: Record<Voice, string> = {
  rollback: 'For it',
  'fix-forward': 'Can be fixed forward',
  unsure: 'To judge',
  none: 'Seen',
};

/** The advice in one line, with its reason. */
export const adviceText = ({ advice, because }: Diagnosis): Inline[] =>
  line`${advices[advice]}, because ${because}`;

/** Each reason with its evidence and the runbook's line, what may be lost, and what is not known. */
export const reasonsFor = ({ signs, estimated, notSeen }: Diagnosis): Text[] => [
  ...signs.map((sign) => {
    const { speaks, line: words } = symptom(sign.symptom);
    const voice = sign.symptom === 'written-since' ? 'Against it' : voices[speaks];
    return `${voice}: ${sign.evidence} (runbook: “${words}”)`;
  }),
  ...estimated.losses.map((loss) => `May be lost: ${describeLoss(loss)}`),
  ...estimated.unknown.map((what) => `Loss unknown until the rehearsal: ${what}`),
  ...notSeen.map((what) => `Not looked at: ${what}`),
];

/** What must be confirmed where a person goes on against the advice. */
export const dangersAgainst = (diagnosis: Diagnosis | undefined): string[] =>
  diagnosis?.advice === 'fix-forward' ? [plain(line`The advice is: ${adviceText(diagnosis)}`)] : [];

/** The diagnosis as lines for people. */
export const describeDiagnosis = (diagnosis: Diagnosis): string[] =>
  [line`Advice: ${adviceText(diagnosis)}`, ...reasonsFor(diagnosis)].map((each) => plain(each));
