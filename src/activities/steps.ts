import type { FoundOf, InputOf, OutputOf, Step } from '../domain/step.ts';
import type { PlanKind } from '../domain/plan/plan.ts';
import { assess } from './assess/step.ts';
import { backUp } from './back-up/step.ts';
import { compareInstance } from './compare-instance/step.ts';
import { diffData } from './data-diff/step.ts';
import { downgrade } from './downgrade/step.ts';
import { guardWrites } from './guard-writes/step.ts';
import { handOver } from './hand-over/step.ts';
import { putBack } from './put-back/step.ts';
import { putInPlace } from './put-in-place/step.ts';
import { rehearse } from './rehearse/step.ts';
import { rehearseLive } from './rehearse-live/step.ts';
import { report } from './report/step.ts';
import { restore } from './restore/step.ts';
import { restoreNewDatabase } from './restore-new-database/step.ts';
import { restoreInstance } from './restore-instance/step.ts';
import { resumeCronJobs } from './resume-cron-jobs/step.ts';
import { rollBackApp } from './roll-back-app/step.ts';
import { salvage } from './salvage/step.ts';
import { takeSnapshot } from './snapshot/step.ts';
import { startApp } from './start-app/step.ts';
import { stopWrites } from './stop-writes/step.ts';
import { switchBack } from './switch-back/step.ts';
import { switchDatabase } from './switch-database/step.ts';
import { verify } from './verify/step.ts';

/** The declarations of all steps: what workflows and views know of them. */
const steps = [
  assess,
  stopWrites,
  guardWrites,
  takeSnapshot,
  backUp,
  rehearse,
  rehearseLive,
  salvage,
  downgrade,
  verify,
  rollBackApp,
  startApp,
  resumeCronJobs,
  putBack,
  restore,
  handOver,
  restoreNewDatabase,
  diffData,
  putInPlace,
  restoreInstance,
  compareInstance,
  switchDatabase,
  switchBack,
  report,
] as const;

type Declared = (typeof steps)[number];
export type StepName = Declared['name'];
export type Declaration<S extends StepName> = Extract<Declared, { name: S }>;
export type Input<S extends StepName> = InputOf<Declaration<S>>;
export type Output<S extends StepName> = OutputOf<Declaration<S>>;
export type Found<S extends StepName> = FoundOf<Declaration<S>>;

/** The activities of the steps, by their names. */
export type Activities = { [S in StepName]: (input: Input<S>) => Promise<Output<S>> };

export const stepNames: readonly StepName[] = steps.map(({ name }) => name);

const byName: ReadonlyMap<string, Step> = new Map(steps.map((step) => [step.name, step]));

/** The declaration of a step that a journal names; undefined of a name that this version does not know. */
export const declared = (name: string): Step | undefined => byName.get(name);

/** The declaration of a step of this version. */
export const declaration = (name: StepName): Step => {
  const step = byName.get(name);
  if (step === undefined) throw new Error(`Step ${name} is not declared.`);
  return step;
};

/** What people call it. */
export const stepTitle = (name: string): string => declared(name)?.title ?? name;

/** Whether it watches beside the steps, so that no operation is ever "at" it. */
export const isGuard = (name: string): boolean => declared(name)?.guard === true;

/** Whether it is the point of no return of such an operation. */
export const isPivot = (name: string, kind: PlanKind): boolean =>
  declared(name)?.pivot?.includes(kind) === true;

/** The steps of an operation in which nothing fails, in order: what progress shows as still to come. */
export const orders: Record<PlanKind, readonly Declared[]> = {
  rollback: [
    assess,
    stopWrites,
    takeSnapshot,
    backUp,
    rehearse,
    salvage,
    downgrade,
    verify,
    rollBackApp,
    startApp,
    resumeCronJobs,
    report,
  ],
  'emergency-restore': [
    assess,
    stopWrites,
    takeSnapshot,
    restoreNewDatabase,
    diffData,
    putInPlace,
    rollBackApp,
    startApp,
    resumeCronJobs,
    report,
  ],
  'point-in-time-restore': [
    assess,
    stopWrites,
    restoreInstance,
    compareInstance,
    switchDatabase,
    rollBackApp,
    startApp,
    resumeCronJobs,
    report,
  ],
};
