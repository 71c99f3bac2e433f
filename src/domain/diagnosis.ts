import type { Loss } from './rehearsal.ts';
import { symptom, type SymptomName, type Voice } from './symptoms.ts';

/** A symptom that was found, with what was seen. */
export interface Sign {
  symptom: SymptomName;
  evidence: string;
}

/** What the downgrade may destroy, judged from the catalog alone; the rehearsal measures it. */
export interface EstimatedLosses {
  losses: Loss[];
  /** What this does not tell, and why. */
  unknown: string[];
}

export type Advice = 'rollback' | 'fix-forward' | 'unsure';

/** The runbook's decision ("When to Rollback") with its evidence. Advice: it never blocks. */
export interface Diagnosis {
  advice: Advice;
  /** Why, in one sentence. */
  because: string;
  /** Those that decided come first. */
  signs: Sign[];
  estimated: EstimatedLosses;
  /** What could not be looked at, and why. */
  notSeen: string[];
}

/** More signs than these help nobody at night. */
const mostSigns = 16;

/**
 * The runbook's "When to Rollback" over what was seen. In this order: a database that is not where a downgrade
 * would help; symptoms that speak for a rollback, unless data written since would be lost; symptoms that need
 * a person; symptoms that can be mended forward; and no symptom at all, which is no reason for anything.
 *
 * @param salvaged whether what the downgrade would destroy is kept first: then rows written since do not
 *   speak against it
 */
export function decide(
  signs: readonly Sign[],
  { salvaged }: { salvaged: boolean },
): Pick<Diagnosis, 'advice' | 'because' | 'signs'> {
  const [advice, because] = judge(signs, salvaged);
  const weight = (sign: Sign): number => {
    const { speaks, first } = symptom(sign.symptom);
    return (first ? 0 : 2) + (speaks === 'none' ? 4 : speaks === advice ? 0 : 1);
  };
  return { advice, because, signs: signs.toSorted((a, b) => weight(a) - weight(b)).slice(0, mostSigns) };
}

function judge(signs: readonly Sign[], salvaged: boolean): [Advice, string] {
  const has = (name: SymptomName) => signs.some((sign) => sign.symptom === name);
  const speaks = (voice: Voice) => signs.some((sign) => symptom(sign.symptom).speaks === voice);
  if (has('half-applied')) {
    return [
      'unsure',
      'a migration stopped half-way: look at what it left before anything is moved; a downgrade reverts the revision before it, not what is left',
    ];
  }
  if (has('release-ahead')) {
    return [
      'fix-forward',
      'the migration never arrived, so a downgrade would revert one that is good: roll back the release alone, or mend the migration and run it again',
    ];
  }
  if (has('rehearsal-failed')) {
    return [
      'unsure',
      'the downgrade fails on a copy, so it would here: mend it, fix forward, or restore from a backup instead',
    ];
  }
  const since = has('written-since');
  if (speaks('rollback')) {
    const named = `the runbook names it: ${linesOf(signs, 'rollback')}`;
    if (!since) return ['rollback', `${named}; and no data is known that depends on the new schema`];
    if (salvaged) {
      const kept = 'data written since depends on the new schema, and is kept before the downgrade (salvage)';
      return ['rollback', `${named}; ${kept}`];
    }
    return [
      'unsure',
      `${named}; but data written since depends on the new schema and would be lost, for salvage is off`,
    ];
  }
  if (speaks('unsure')) return ['unsure', 'what was seen may be serious: a person has to judge it'];
  if (since && !speaksBesides(signs, 'fix-forward', 'written-since')) {
    return [
      'fix-forward',
      'no symptom of the runbook’s list was seen, and data written since depends on the new schema',
    ];
  }
  if (speaks('fix-forward')) return ['fix-forward', 'what was seen can be mended without a rollback'];
  return [
    'unsure',
    'no symptom of the runbook’s list was seen: whoever asked knows more, such as wrong values, or it is over',
  ];
}

/** The runbook's lines of the symptoms that say so. */
const linesOf = (signs: readonly Sign[], voice: Voice): string =>
  [
    ...new Set(
      signs
        .map((sign) => symptom(sign.symptom))
        .filter(({ speaks }) => speaks === voice)
        .map(({ line }) => `“${line}”`),
    ),
  ].join(', ');

const speaksBesides = (signs: readonly Sign[], voice: Voice, besides: SymptomName): boolean =>
  signs.some((sign) => sign.symptom !== besides && symptom(sign.symptom).speaks === voice);
