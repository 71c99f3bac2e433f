import type { DataDiff } from '../../domain/data-diff.ts';
import type { EmergencyPlan } from '../../domain/plan/plan.ts';
import { minutes, step } from '../../domain/step.ts';
import type { Tried } from '../../domain/step.ts';
import { rowsByTable, seconds } from '../../domain/text.ts';
import type { RestoredDatabase } from '../restore-new-database/step.ts';

export interface PutInPlaceInput extends Tried<EmergencyPlan> {
  restored: RestoredDatabase;
  dataDiff: DataDiff;
  /** Hash of what people approved. */
  approved: string;
}

export interface PutInPlace {
  /** The database as it was, kept. */
  failedDatabase: string;
  counts: Record<string, number>;
  revision: string;
  seconds: number;
  /** Settings of the database that a person must carry over, with the command. */
  notes: string[];
}

/** Renames the restored database to the name of the one that is fenced off, and keeps that one. */
export const putInPlace = step<PutInPlaceInput, PutInPlace>()({
  name: 'put-in-place',
  title: 'Rename the restored database into place, keep the other',
  section: 'Emergency Database Restore',
  onFailure: 'hold',
  decisions: ['retry', 'abort'],
  limits: { within: minutes(60), perGigabyte: minutes(1) },
  pivot: ['emergency-restore'],
  moves: true,
  restores: true,
  summary: (found) => ({
    summary: `At ${found.revision} after ${seconds(found.seconds)}: ${rowsByTable(found.counts)}`,
    notes: [`The database as it was is kept as ${found.failedDatabase}`, ...found.notes],
  }),
  countsAtEnd: ({ counts }) => counts,
});

/** What people approve at gate `restore` of an emergency restore: this plan, what was restored, what is lost by it. */
export const approvedAtEmergency = (plan: EmergencyPlan, restored: RestoredDatabase, dataDiff: DataDiff) => ({
  plan,
  restored: restored.counts,
  ...(restored.wrong && { wrong: restored.wrong }),
  dataDiff: { sha256: dataDiff.evidence.sha256, lostRows: dataDiff.lostRows, loses: dataDiff.loses },
});
