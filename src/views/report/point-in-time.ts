import type { Journal } from '../../domain/journal/journal.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import { at, recoveryTimeInWords, lossTableInWords } from '../../domain/plan/point-in-time.ts';
import type {
  ComparedInstance,
  Moment,
  RestoredInstance,
  SwitchedDatabase,
} from '../../domain/plan/point-in-time.ts';
import { entriesOf, foundBy } from '../../domain/journal/progress.ts';
import { isSwitched } from '../../domain/journal/situation.ts';
import type { Subject } from '../../domain/journal/progress.ts';
import { duration } from '../../domain/text.ts';

/** What a point-in-time restore did; parts are absent where it did not come that far. */
export interface ReportedRecovery {
  moment: Moment;
  restored?: RestoredInstance;
  compared?: ComparedInstance;
  /** Absent where the Secrets lead to the old instance. */
  switched?: SwitchedDatabase;
}

export function recoveryIn(journal: Journal, { plan }: Subject): ReportedRecovery | undefined {
  if (plan?.kind !== 'point-in-time-restore') return undefined;
  const restored = foundBy(journal, 'restore-instance');
  const compared = foundBy(journal, 'compare-instance');
  const switched = isSwitched(journal) ? foundBy(journal, 'switch-database') : undefined;
  return {
    moment: plan.moment,
    ...(restored && { restored }),
    ...(compared && { compared }),
    ...(switched && { switched }),
  };
}

/** For the report: to which moment, into which instance, and whether that is used. */
export function recoveryLines({ moment, restored, switched }: ReportedRecovery): string[] {
  return [
    `${moment.provider} instance ${moment.instance} as it was at ${recoveryTimeInWords(moment)}`,
    ...(restored
      ? [
          `New instance ${restored.instance} at ${at(restored.endpoint)}, made in ${duration(restored.seconds * 1_000)}`,
          ...restored.notes,
        ]
      : ['No new instance was seen to be up.']),
    switched
      ? `${switched.secrets.join(', ')} lead to it instead of ${at(switched.from)}; as they were, they are kept in Secret ${switched.kept}`
      : 'It is not used: the Secrets lead to the old instance.',
  ];
}

/** What the old instance holds and the new one does not. */
export const sinceLines = ({ compared }: ReportedRecovery): string[] =>
  compared === undefined
    ? ['It was not counted.']
    : [...(compared.loses ? [] : ['Nothing was written since.']), ...compared.tables.map(lossTableInWords)];

/** The instance that nobody uses any more, which a person removes: Backstep deletes none. */
export function instancesIn(journal: Journal, plan: Plan | undefined): string[] {
  if (plan?.kind !== 'point-in-time-restore') return [];
  const { moment, database } = plan;
  if (!entriesOf(journal, 'step-began').some(({ step }) => step === 'restore-instance')) return [];
  const restored = foundBy(journal, 'restore-instance');
  if (!isSwitched(journal))
    return [
      `${moment.provider} instance ${moment.newInstance} may have been made and is not used: remove it.`,
    ];
  const kept = foundBy(journal, 'switch-database')?.kept;
  return [
    `The old ${moment.provider} instance ${moment.instance} is kept, its database under the name ${database.fencedName}; remove it when nobody needs it any more.`,
    ...(kept === undefined
      ? []
      : [`Secret ${kept} keeps the URLs of the old instance; remove it with that.`]),
    ...(restored?.notes ?? []),
  ];
}
