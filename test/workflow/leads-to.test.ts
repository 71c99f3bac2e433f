import { describe, expect, test } from 'vitest';
import type { ServiceDefinitionSource } from '../../src/domain/definition/service.ts';
import { decisionsAt, gatesOf, leadsTo } from '../../src/domain/leads-to.ts';
import type { Answer, Ends, GateAnswer, HoldAnswer, Situation } from '../../src/domain/leads-to.ts';
import type { PlanKind } from '../../src/domain/plan/plan.ts';
import type { FailureType } from '../../src/domain/failures.ts';
import { failingAt, workflowHarness } from './harness.ts';
import type { ServiceSetup, WorkflowType } from './harness.ts';
import type { WorkflowRun } from './workflow-run.ts';
import type { GateName } from '../../src/domain/approval/answers.ts';
import type { Progress } from '../../src/views/progress.ts';
import type { StepName } from '../../src/activities/steps.ts';
import { declaration, isPivot, orders } from '../../src/activities/steps.ts';

const harness = workflowHarness();

const types: Record<PlanKind, WorkflowType> = {
  rollback: 'rollback',
  'emergency-restore': 'emergencyRestore',
  'point-in-time-restore': 'pointInTimeRestore',
};
const kinds = Object.keys(types) as PlanKind[];

/** Whether an unfinished operation is taken up, and how far that one had come. */
const takesUp = { no: undefined, 'before its pivot': false, 'after its pivot': true } as const;
type TakenUp = keyof typeof takesUp;

/** Where an operation is asked something, and how it comes there. */
interface Question {
  kind: PlanKind;
  takenUp: TakenUp;
  at: { gate: GateName } | { hold: StepName };
  /** Steps that fail once. */
  fails: StepName[];
  /** A rollback restores first: because this step failed. */
  restoresAt?: StepName;
  /** It is being put back, for this gate was rejected. */
  rejects?: GateName;
}

const place = (kind: PlanKind, step: StepName) => orders[kind].findIndex(({ name }) => name === step);
const pivotOf = (kind: PlanKind) => orders[kind].findIndex(({ name }) => isPivot(name, kind));

/** Nothing is undone by itself where it waits. */
const isPastPivot = ({ kind, takenUp, at, restoresAt, rejects }: Question): boolean =>
  takenUp === 'after its pivot' ||
  restoresAt !== undefined ||
  ('hold' in at && rejects === undefined && place(kind, at.hold) >= pivotOf(kind));

const gateQuestions = kinds.flatMap((kind) =>
  gatesOf[kind].flatMap((gate): Question[] => {
    const plain: Question = { kind, at: { gate }, takenUp: 'no', fails: [] };
    if (kind === 'rollback' && gate === 'restore')
      return (['verify', 'resume-cron-jobs'] as const).map((restoresAt) => ({
        ...plain,
        fails: [restoresAt],
        restoresAt,
      }));
    return [
      plain,
      ...(gate === 'start' && kind === 'rollback'
        ? [{ ...plain, takenUp: 'before its pivot' as const }]
        : []),
      { ...plain, takenUp: 'after its pivot' },
    ];
  }),
);

const holdQuestions = kinds.flatMap((kind) => {
  const order = orders[kind].map(({ name }) => name);
  const hold = (step: StepName, more: Partial<Question> = {}): Question => ({
    kind,
    at: { hold: step },
    takenUp: 'no',
    ...more,
    fails: [...(more.fails ?? []), step],
  });
  const holding = order.filter((step) => declaration(step).onFailure === 'hold');
  // Before the pivot these hold only where an operation is taken up after its own.
  const taken = order.filter((step) => ['stop-writes', 'switch-database', 'roll-back-app'].includes(step));
  return [
    ...holding.map((step) => hold(step)),
    ...taken.map((step) => hold(step, { takenUp: 'after its pivot' })),
    ...(kind === 'rollback'
      ? [
          hold('restore', { restoresAt: 'verify', fails: ['verify'] }),
          hold('data-diff', { restoresAt: 'resume-cron-jobs', fails: ['resume-cron-jobs'] }),
        ]
      : []),
    hold('put-back', { rejects: kind === 'rollback' ? 'downgrade' : 'restore' }),
    ...(kind === 'point-in-time-restore'
      ? [hold('switch-back', { restoresAt: 'start-app', fails: ['start-app'] })]
      : []),
  ];
});

const gateAnswers: GateAnswer[] = ['approve', 'reject', 'expire'];

type Case = Question & { answer: Answer; onGiveUp: Situation['onGiveUp'] };

function casesOf(question: Question): Case[] {
  const { at, kind } = question;
  const onGiveUp = 'put-back' as const;
  const cancel: Case = { ...question, answer: { answer: 'cancel' }, onGiveUp };
  if ('gate' in at)
    return [...gateAnswers.map((answer) => ({ ...question, answer: { ...at, answer }, onGiveUp })), cancel];
  const pivotPassed = isPastPivot(question);
  const decisions = decisionsAt(declaration(at.hold), { kind, pivotPassed } as Situation);
  const decided = decisions.map((answer): Case => ({ ...question, answer: { ...at, answer }, onGiveUp }));
  const gaveUp = (['put-back', 'stay-stopped'] as const).map((then): Case => ({
    ...question,
    answer: { ...at, answer: 'give-up' },
    onGiveUp: then,
  }));
  // What is being put back goes on being put back: nobody gives up, and a cancel request asks for just that.
  if (question.rejects !== undefined) return decided;
  return [...decided, ...(pivotPassed ? [] : gaveUp), cancel];
}

/** What tells one situation from another at a hold; of the holds that are alike, one is tried. */
function situationAt(one: Case): string {
  const { kind, takenUp, at, restoresAt, answer, onGiveUp } = one;
  const step = 'hold' in at ? at.hold : undefined;
  const resumed = step === 'resume-cron-jobs';
  const switched =
    step !== undefined &&
    kind === 'point-in-time-restore' &&
    place(kind, step) >= place(kind, 'roll-back-app');
  const skipped = answer.answer === 'skip' && step;
  const stage = [kind, takenUp, restoresAt, one.rejects, isPastPivot(one), resumed, switched];
  return JSON.stringify([stage, answer.answer, onGiveUp, skipped]);
}

const cases = [...gateQuestions, ...holdQuestions]
  .flatMap(casesOf)
  .filter(
    (one, index, all) =>
      'gate' in one.at ||
      all.findIndex((each) => 'hold' in each.at && situationAt(each) === situationAt(one)) === index,
  );

function titleOf({ kind, takenUp, at, restoresAt, rejects, answer, onGiveUp }: Case): string {
  const where = 'gate' in at ? `gate ${at.gate}` : `hold of ${at.hold}`;
  return [
    `${kind}, ${where}: ${answer.answer}`,
    ...(onGiveUp === 'stay-stopped' ? ['(stay-stopped)'] : []),
    ...(restoresAt ? [`(restoring since ${restoresAt} failed)`] : []),
    ...(rejects ? [`(putting back since gate ${rejects} was rejected)`] : []),
    ...(takenUp === 'no' ? [] : [`(takes one up ${takenUp})`]),
  ].join(' ');
}

const failureOf: Partial<Record<StepName, FailureType>> = { verify: 'VerificationFailed' };

/** Everybody is asked at the gate in question alone, and at the gate that a restore leads to. */
function setupOf({ kind, takenUp, at, fails, rejects, answer, onGiveUp }: Case): ServiceSetup {
  const asks = (gate: GateName) => (('gate' in at && at.gate === gate) || gate === rejects ? 1 : 0);
  const restores = answer.answer === 'restore' && kind === 'rollback' ? 1 : asks('restore');
  const within = answer.answer === 'expire' ? '400ms' : '1h';
  const passed = takesUp[takenUp];
  const definition: Partial<ServiceDefinitionSource> = {
    approvals: {
      start: { people: asks('start'), ...(asks('start') && { within }) },
      downgrade: { people: asks('downgrade'), within },
      loss: { people: 0 },
      restore: { people: restores, within },
    },
    onGiveUp,
    ...(answer.answer === 'give-up' && { writeOutageBudget: '400ms' }),
  };
  const plan =
    passed === undefined ? {} : { takesUp: { operation: 'bs-99999999', pivotPassed: passed } as const };
  const activities = Object.assign(
    {},
    ...fails.map((step) => failingAt(step, [1], failureOf[step] ?? 'RestoreFailed')),
  ) as NonNullable<ServiceSetup['activities']>;
  return {
    definition,
    activities,
    plan: { ...plan, people: asks('downgrade') },
    emergency: plan,
    pointInTimePlan: plan,
  };
}

/** To where it is asked. Whoever takes up after a pivot confirms that at gate start. */
async function reach(run: WorkflowRun, { takenUp, at, restoresAt, rejects }: Case): Promise<Progress> {
  if (takenUp === 'after its pivot' && !('gate' in at && at.gate === 'start')) await run.approve('start');
  if (restoresAt) await run.decide(restoresAt, 'restore');
  if (rejects) await run.reject(rejects);
  return run.until('the question', (now) =>
    ('gate' in at ? now.gate?.gate === at.gate : now.hold?.step === at.hold) ? now : undefined,
  );
}

async function give(run: WorkflowRun, answer: Answer): Promise<void> {
  if (answer.answer === 'cancel') await run.handle.cancel();
  else if (answer.answer === 'approve') await run.approve(answer.gate);
  else if (answer.answer === 'reject') await run.reject(answer.gate);
  else if ('hold' in answer && answer.answer !== 'give-up') await run.decide(answer.hold, answer.answer);
}

const beside = new Set<string>(['guard-writes', 'report']);
const begunIn = ({ steps }: Progress): string[] =>
  steps
    .filter(({ step, startedAt }) => startedAt !== undefined && !beside.has(step))
    // What could not be undone was not undone.
    .filter(({ step, state }) => !(step === 'put-back' && ['holding', 'failed'].includes(state)))
    .map(({ step }) => step);

/** Whether the application may write in the end, by the last step that changed it. */
function writesIn(begun: string[]): Ends['writes'] {
  const last = begun.findLast((step) => ['stop-writes', 'start-app', 'put-back'].includes(step));
  return last === 'stop-writes'
    ? 'stopped'
    : last === 'start-app'
      ? 'go-on'
      : last === 'put-back'
        ? 'resume'
        : 'as-found';
}

async function comparesEnd(run: WorkflowRun, before: Progress, predicted: Ends): Promise<void> {
  const { outcome } = await run.result();
  const begun = begunIn(await run.progress());
  const since = begun.slice(begunIn(before).length);
  const [report] = run.calls('report');
  expect({
    outcome,
    writes: writesIn(begun),
    keepsRecord: report?.keepRecord,
    undoes: [...new Set(since.filter((step) => step === 'switch-back' || step === 'put-back'))],
    stopsFirst: since.includes('stop-writes'),
    others: since.filter((step) => !['switch-back', 'put-back', 'stop-writes'].includes(step)),
  }).toEqual({
    outcome: predicted.outcome,
    writes: predicted.writes,
    keepsRecord: predicted.record !== 'closed',
    undoes: predicted.undoes,
    stopsFirst: predicted.stopsFirst,
    others: [],
  });
}

const goodEnd: Record<PlanKind, string> = {
  rollback: 'rolled-back',
  'emergency-restore': 'restored',
  'point-in-time-restore': 'restored',
};

async function compares(run: WorkflowRun, before: Progress, asked: Case): Promise<void> {
  const { kind, at, restoresAt } = asked;
  const predicted = leadsTo(asked.answer, before.situation);
  const begun = begunIn(before);
  const since = (now: Progress) => begunIn(now).slice(begun.length);
  const ending = asked.rejects
    ? 'put-back'
    : restoresAt
      ? kind === 'rollback'
        ? 'restored'
        : 'put-back'
      : goodEnd[kind];
  switch (predicted.course) {
    case 'end':
      return comparesEnd(run, before, predicted);
    case 'go-on': {
      await run.until('the next step', (now) => since(now).length > 0);
      expect(since(await run.progress())[0]).toBe(predicted.next);
      expect(await run.result()).toMatchObject({ outcome: ending });
      return;
    }
    case 'skip': {
      const part = before.steps.find(({ state }) => state === 'holding')?.part;
      expect(await run.result()).toMatchObject({ outcome: ending });
      const { steps } = await run.progress();
      const same = steps.filter((line) => line.step === predicted.step && line.part === part);
      expect(same.map(({ state }) => state)).toEqual(['skipped']);
      return;
    }
    case 'restore': {
      await run.gate(predicted.asks);
      expect(since(await run.progress())[0]).toBe(predicted.stopsFirst ? 'stop-writes' : 'restore');
      await run.approve(predicted.asks);
      expect(await run.result()).toMatchObject({ outcome: 'restored' });
      return;
    }
    case 'ask': {
      await run.until('the request', ({ cancelRequested }) => cancelRequested);
      const still = await run.progress();
      expect([still.gate?.gate, still.hold?.hold]).toEqual([before.gate?.gate, before.hold?.hold]);
      if ('gate' in at) {
        await run.approve(at.gate);
        if (restoresAt === undefined) {
          const { hold, step } = await run.until('a hold', (now) => now.hold);
          expect(hold).toMatch(/^before-/);
          await run.decide(step, 'retry');
        }
      } else await run.decide(at.hold, 'retry');
      expect(await run.result()).toMatchObject({ outcome: ending });
      return;
    }
  }
  return predicted satisfies never;
}

describe.concurrent('law 12: what people read of an answer is what happens', () => {
  test.each(cases.map((each) => [titleOf(each), each] as const))('%s', async (_title, asked) => {
    const run = await harness.start(setupOf(asked), undefined, types[asked.kind]);
    const before = await reach(run, asked);
    if (before.hold) {
      const answers: HoldAnswer[] = decisionsAt(declaration(before.hold.step as StepName), before.situation);
      expect(before.hold.decisions).toEqual(answers);
      const canGoBack = !before.situation.pivotPassed && asked.rejects === undefined;
      expect(before.hold.deadline !== undefined).toBe(canGoBack);
    }
    expect(before.situation.pivotPassed).toBe(isPastPivot(asked));
    await give(run, asked.answer);
    await compares(run, before, asked);
  });
});
