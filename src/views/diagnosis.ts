import type { Advice, Diagnosis } from '../domain/diagnosis.ts';
import { symptom, type Voice } from '../domain/symptoms.ts';
import { lossInWords } from './loss.ts';

const title: Record<Advice, string> = {
  rollback: 'ROLL BACK',
  'fix-forward': 'FIX FORWARD',
  unsure: 'UNSURE',
};
const voices: Record<Voice, string> = {
  rollback: 'For it',
  'fix-forward': 'Can be mended forward',
  unsure: 'To judge',
  none: 'Seen',
};

/** The diagnosis as lines for people: the advice, each reason with its evidence and the runbook's line, the losses. */
export function diagnosisInWords({ advice, because, signs, estimated, notSeen }: Diagnosis): string[] {
  return [
    `Advice: ${title[advice]}, because ${because}`,
    ...signs.map((sign) => {
      const { speaks, line } = symptom(sign.symptom);
      const voice = sign.symptom === 'written-since' ? 'Against it' : voices[speaks];
      return `${voice}: ${sign.evidence} (runbook: “${line}”)`;
    }),
    ...estimated.losses.map((loss) => `May be lost: ${lossInWords(loss)}`),
    ...estimated.unknown.map((what) => `Loss unknown until the rehearsal: ${what}`),
    ...notSeen.map((what) => `Not looked at: ${what}`),
  ];
}
