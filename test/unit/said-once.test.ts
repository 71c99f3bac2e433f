import { createColors } from 'picocolors';
import { describe, expect, test } from 'vitest';
import { askGate, askHold } from '../../src/cli/ask.ts';
import type { Choice, CliContext } from '../../src/cli/context.ts';
import { exit, ofEnd } from '../../src/cli/exit.ts';
import { statusBlocks } from '../../src/cli/status-view.ts';
import type { Status } from '../../src/client.ts';
import type { Voice } from '../../src/client/gateway.ts';
import { declaration, isPivot, orders } from '../../src/activities/steps.ts';
import type { StepName } from '../../src/activities/steps.ts';
import type { GateName } from '../../src/domain/approval/answers.ts';
import { fault } from '../../src/domain/failures.ts';
import type { Event, Journal } from '../../src/domain/journal/journal.ts';
import { decisionsAt, gatesOf, leadsTo, leftBy } from '../../src/domain/leads-to.ts';
import type { Answer, Ends, Leaving, Situation } from '../../src/domain/leads-to.ts';
import type { Plan, PlanKind } from '../../src/domain/plan/plan.ts';
import { begin } from '../../src/gateway/page/begin.ts';
import { gateCard } from '../../src/gateway/page/gate.ts';
import { headline } from '../../src/gateway/page/headline.ts';
import { holdCard } from '../../src/gateway/page/hold.ts';
import { outcomeCard } from '../../src/gateway/page/outcome.ts';
import type { View } from '../../src/gateway/page/view.ts';
import { details } from '../../src/views/details.ts';
import { consequenceOf, gateQuestion, holdQuestion, outcomeOf, starting } from '../../src/views/facts.ts';
import { byHandElsewhere, onlyByHand } from '../../src/views/hold.ts';
import { notificationOf } from '../../src/views/notification.ts';
import { progressOf } from '../../src/views/progress.ts';
import { terminalText } from '../../src/views/render/terminal.ts';
import { reportHtml, reportMarkdown } from '../../src/views/report/documents.ts';
import { reportOf } from '../../src/views/report/report.ts';
import { done, hash, journalOf, subject } from '../example-journal.ts';
import { emergencyPlan, examplePlan, hashOf, observations } from '../example-plan.ts';
import { recoveryPlan } from '../example-recovery.ts';

const kinds: PlanKind[] = ['rollback', 'emergency-restore', 'point-in-time-restore'];
const now = Date.parse('2025-11-18T03:05:00.000Z');
const session = { person: { name: 'ada', roles: [], method: 'token' as const }, csrf: 'the word' };
const colours = createColors(false);

/** Where somebody is asked, with the journal that comes there, and the situation as the test itself counts it. */
interface Question {
  title: string;
  plan: Plan;
  events: Event[];
  situation: Situation;
  at: { gate: GateName } | { hold: StepName };
}

const takesUp = { operation: 'bs-99999999', pivotPassed: true } as const;
const planOf = (kind: PlanKind, takenUp: boolean): Plan => {
  const changes = takenUp ? { takesUp } : {};
  if (kind === 'rollback') return examplePlan(changes);
  return kind === 'emergency-restore' ? emergencyPlan(changes) : recoveryPlan(changes);
};

const stepsOf = (kind: PlanKind): StepName[] => orders[kind].map(({ name }) => name);
const place = (kind: PlanKind, step: StepName) => stepsOf(kind).indexOf(step);
const before = (kind: PlanKind, step: StepName): Event[] =>
  stepsOf(kind)
    .slice(0, place(kind, step))
    .flatMap((name) => done(name));

const danger = 'What only this gate brings back.';
const opened = (gate: GateName): Event => ({
  kind: 'gate-opened',
  gate,
  hash,
  people: 1,
  expiresAt: '2025-11-18T04:00:00.000Z',
  shows: ['Database: 0005 → 0004', danger],
  dangers: [danger],
});
const failed = (step: StepName): Event[] => [
  { kind: 'step-began', step, try: 1 },
  { kind: 'step-failed', step, try: 1, fault: fault('DowngradeFailed', 'It failed.') },
];
const heldAt = (step: StepName, situation: Situation): Event => ({
  kind: 'hold-opened',
  hold: `${step}-1`,
  step,
  fault: fault('DowngradeFailed', 'It failed.'),
  decisions: decisionsAt(declaration(step), situation),
  byHand: ['psql -c …'],
  ...(!situation.pivotPassed && { deadline: '2025-11-18T05:00:00.000Z' }),
});
const restoresFirst: Event[] = [
  ...before('rollback', 'verify'),
  ...failed('verify'),
  { kind: 'hold-closed', hold: 'verify-1', decision: 'restore', by: 'ann' },
  ...done('restore'),
];

const situationBefore = (kind: PlanKind, step: StepName, takenUp: boolean, begun: boolean): Situation => ({
  kind,
  writes:
    place(kind, step) <= place(kind, 'stop-writes')
      ? 'untouched'
      : place(kind, step) > place(kind, 'start-app')
        ? 'resumed'
        : 'stopped',
  pivotPassed:
    takenUp ||
    place(kind, step) + (begun ? 1 : 0) > orders[kind].findIndex(({ name }) => isPivot(name, kind)),
  takenUp,
  switched:
    kind === 'point-in-time-restore' && place(kind, step) + (begun ? 1 : 0) > place(kind, 'switch-database'),
  onGiveUp: 'put-back',
});

/** Before which step a gate stands. */
const nextOf: Record<PlanKind, Partial<Record<GateName, StepName>>> = {
  rollback: { start: 'stop-writes', downgrade: 'downgrade', restore: 'start-app' },
  'emergency-restore': { start: 'stop-writes', restore: 'put-in-place' },
  'point-in-time-restore': { start: 'stop-writes', restore: 'switch-database' },
};

const gates = kinds.flatMap((kind) =>
  gatesOf[kind].flatMap((gate) =>
    [false, true].map((takenUp): Question => {
      const next = nextOf[kind][gate]!;
      const restores = kind === 'rollback' && gate === 'restore';
      return {
        title: `${kind}, gate ${gate}${takenUp ? ' (takes one up after its pivot)' : ''}`,
        plan: planOf(kind, takenUp),
        events: [...(restores ? restoresFirst : before(kind, next)), opened(gate)],
        situation: situationBefore(kind, next, takenUp, false),
        at: { gate },
      };
    }),
  ),
);

const holds = kinds.flatMap((kind) =>
  stepsOf(kind)
    .filter((step) => declaration(step).onFailure === 'hold')
    .map((step): Question => {
      const situation = situationBefore(kind, step, false, true);
      return {
        title: `${kind}, hold of ${step}`,
        plan: planOf(kind, false),
        events: [...before(kind, step), ...failed(step), heldAt(step, situation)],
        situation,
        at: { hold: step },
      };
    }),
);

const of = (plan: Plan) => ({ ...subject(), plan, kind: plan.kind, hash: hashOf(plan) });

function viewOf(plan: Plan, journal: Journal): View {
  const progress = progressOf(journal, of(plan));
  const { outcome, leftBy: left, situation } = progress;
  const status: Status = {
    service: 'radar',
    workflowId: 'backstep-radar',
    runId: 'run',
    state: outcome === undefined ? 'RUNNING' : 'COMPLETED',
    startedAt: '2025-11-18T03:00:00.000Z',
    atWork: [],
    progress,
    ...(outcome !== undefined && {
      endedAt: '2025-11-18T03:04:00.000Z',
      end: {
        result: {
          kind: plan.kind,
          outcome,
          reason: '',
          situation,
          operation: progress.operation,
          counts: {},
          attention: [],
          notVerified: [],
          ...(left && { leftBy: left }),
        },
      },
    }),
  };
  return {
    service: 'radar',
    status,
    plan: { plan, hash: hashOf(plan), observations },
    report: reportOf(journal, of(plan)),
    expected: {},
  };
}

const entities = { '&quot;': '"', '&#39;': "'", '&lt;': '<', '&gt;': '>', '&amp;': '&' };
const textOf = (markup: unknown) =>
  Object.entries(entities)
    .reduce(
      (text, [entity, sign]) => text.replaceAll(entity, sign),
      String(markup).replaceAll(/<[^>]+>/g, ''),
    )
    .replaceAll(/\s+/g, ' ');
const unescaped = (markdown: string) => markdown.replaceAll('\\', '').replaceAll('&lt;', '<');

/** What the person at a terminal chooses from. */
async function prompted(view: View): Promise<string> {
  const shown: string[] = [];
  const context = {
    choose: async (question: string, choices: Choice[]) => {
      shown.push(question, ...choices.map(({ description = '' }) => description));
      return 'leave';
    },
  } as unknown as CliContext;
  const { gate, hold, ...progress } = view.status!.progress!;
  if (gate) await askGate(context, {} as Voice, { ...progress, gate }, 'ada');
  if (hold) await askHold(context, {} as Voice, { ...progress, hold }, 'ada');
  return shown.join('\n');
}

const told = (plan: Plan, journal: Journal): string => {
  const { title, lines } = notificationOf(journal.at(-1)!, of(plan), journal)!;
  return [title, ...lines].join('\n');
};

/** All that people read of an open gate or hold. */
async function readAt(plan: Plan, events: Event[]): Promise<Record<string, string>> {
  const journal = journalOf(...events);
  const view = viewOf(plan, journal);
  const { gate, hold } = view.status!.progress!;
  return {
    page: textOf(gate ? gateCard(view, gate, session, now) : holdCard(view, hold!, session, now)),
    'command line': terminalText(statusBlocks(view.status!, now), { colours, now }),
    prompt: await prompted(view),
    'Temporal UI': unescaped(details(journal, of(plan))),
    notification: told(plan, journal),
  };
}

function missing(sentence: string, places: Record<string, string>, but: string[] = []): string[] {
  return Object.entries(places).flatMap(([name, text]) =>
    but.includes(name) || text.includes(sentence) ? [] : [`${name}: ${sentence}`],
  );
}

const answersAt = ({ at, situation }: Question): Answer[] =>
  'gate' in at
    ? (['approve', 'reject', 'expire'] as const).map((answer) => ({ ...at, answer }))
    : [
        ...decisionsAt(declaration(at.hold), situation).map((answer) => ({ ...at, answer })),
        ...(situation.pivotPassed ? [] : [{ ...at, answer: 'give-up' as const }]),
      ];

const byThemselves = new Set<Answer['answer']>(['expire', 'give-up']);

describe('law 12: a question and what each answer leads to are one string wherever people read it', () => {
  test.each([...gates, ...holds].map((each) => [each.title, each] as const))('%s', async (_title, asked) => {
    const { plan, events, situation, at } = asked;
    expect(progressOf(journalOf(...events), of(plan)).situation).toEqual(situation);
    const places = await readAt(plan, events);
    const question =
      'gate' in at
        ? gateQuestion(at.gate, situation)
        : holdQuestion(at.hold, undefined, fault('DowngradeFailed', ''));
    const wrong = [
      // The prompt and the Temporal UI name a hold by its step beside what failed.
      ...missing(question, places, 'gate' in at ? ['prompt'] : ['prompt', 'Temporal UI']),
      ...('gate' in at ? missing(danger, places, ['prompt']) : []),
      ...answersAt(asked).flatMap((answer) => {
        const { label, consequence } = consequenceOf(answer, situation, plan);
        const itself = byThemselves.has(answer.answer);
        return [
          // Nobody is asked for what happens by itself, nor does the Temporal UI count a hold down.
          ...missing(consequence, places, itself ? ['prompt', ...('hold' in at ? ['Temporal UI'] : [])] : []),
          ...(itself ? [] : missing(label, places, ['prompt'])),
        ];
      }),
    ];
    expect(wrong).toEqual([]);
  });

  test.each(holds.map((each) => [each.title, each] as const))(
    '%s: the commands by hand are for the case that Backstep is gone for good',
    async (_title, { plan, events, situation }) => {
      const { page = '', 'Temporal UI': ui = '', 'command line': line = '' } = await readAt(plan, events);
      expect([page, ui].filter((each) => !each.includes(onlyByHand))).toEqual([]);
      expect(line).toContain(byHandElsewhere('radar'));
      expect(line).not.toContain('psql -c …');
      const report = unescaped(reportMarkdown(reportOf(journalOf(...events), of(plan))));
      expect(report.includes(onlyByHand)).toBe(situation.writes === 'stopped');
    },
  );

  test.each([...gates, ...holds].map((each) => [each.title, each] as const))(
    '%s: a message has no command that answers, and none with a name in it',
    (_title, { plan, events }) => {
      const journal = journalOf(...events);
      const { lines, next } = notificationOf(journal.at(-1)!, of(plan), journal)!;
      expect([...lines, ...next].join('\n')).not.toMatch(/backstep (approve|reject|decide)|--by/);
    },
  );
});

/** How an operation ends that is left by this answer. */
function endedBy({ events, at, situation }: Question, answer: Leaving, to: Ends): Event[] {
  const closed: Event =
    'gate' in at
      ? {
          kind: 'gate-closed',
          gate: at.gate,
          hash,
          verdict: answer.answer === 'expire' ? 'expired' : 'rejected',
          by: answer.answer === 'expire' ? [] : ['ann'],
        }
      : {
          kind: 'hold-closed',
          hold: `${at.hold}-1`,
          decision: answer.answer === 'give-up' ? 'give-up' : 'abort',
          by: 'ann',
        };
  const undo: StepName[] = [
    ...(to.stopsFirst ? (['stop-writes'] as const) : []),
    ...(to.undoes as StepName[]),
    ...(to.outcome === 'restored' && situation.kind === 'rollback' ? (['put-back'] as const) : []),
  ];
  return [
    ...events,
    closed,
    ...[...new Set(undo)].flatMap((step) => done(step)),
    { kind: 'ended', outcome: to.outcome, reason: 'for a reason', leftBy: leftBy(answer) },
  ];
}

type End = Pick<Question, 'title' | 'plan' | 'events'>;

const ends: End[] = [
  ...[...gates, ...holds].flatMap((asked) =>
    answersAt(asked).flatMap((answer): End[] => {
      const to = leadsTo(answer, asked.situation);
      if (to.course !== 'end' || answer.answer === 'approve') return [];
      const events = endedBy(asked, answer as Leaving, to);
      return [{ title: `${asked.title}: ${answer.answer}`, plan: asked.plan, events }];
    }),
  ),
  ...kinds.map((kind): End => ({
    title: `${kind}, to its end`,
    plan: planOf(kind, false),
    events: [
      ...stepsOf(kind).flatMap((step) => done(step)),
      { kind: 'ended', outcome: kind === 'rollback' ? 'rolled-back' : 'restored', reason: 'well' },
    ],
  })),
  {
    title: 'a rollback restored from a hold',
    plan: examplePlan(),
    events: [
      ...restoresFirst,
      ...done('put-back'),
      { kind: 'ended', outcome: 'restored', reason: 'from a hold', leftBy: 'person' },
    ],
  },
];

describe('law 12: how it ended is one sentence and one colour wherever people read it', () => {
  test.each(ends.map((each) => [each.title, each] as const))('%s', (_title, { plan, events }) => {
    const journal = journalOf(...events);
    const view = viewOf(plan, journal);
    const { outcome, leftBy: left, situation } = view.status!.progress!;
    const end = { outcome: outcome!, situation, ...(left && { leftBy: left }) };
    const { sentence, mood, needsYou } = outcomeOf(end);
    const report = reportOf(journal, of(plan));
    const markup = reportHtml(report);
    expect(
      missing(sentence, {
        page: textOf(outcomeCard(view)),
        'command line': terminalText(statusBlocks(view.status!, now), { colours }),
        'Temporal UI': unescaped(details(journal, of(plan))),
        notification: told(plan, journal),
        'report (Markdown)': unescaped(reportMarkdown(report)),
        'report (HTML)': textOf(markup),
      }),
    ).toEqual([]);
    const state = notificationOf(journal.at(-1)!, of(plan), journal)!.state;
    expect({
      page: /class="headline (\w+)/.exec(String(headline(view, session, now)))?.[1],
      report: new RegExp(`badge (\\w+)">${outcome}<`).exec(markup)?.[1],
      notification: state,
      'exit status': ofEnd(view.status!.end!) === exit.done ? 'good' : 'not good',
    }).toEqual({
      page: mood,
      report: mood,
      notification: needsYou ? 'needs-you' : 'settled',
      'exit status': mood === 'good' ? 'good' : 'not good',
    });
  });

  test('every outcome is among them', () => {
    const outcomes = new Set(
      ends.map(({ events }) => events.flatMap((each) => (each.kind === 'ended' ? each.outcome : []))[0]),
    );
    expect(outcomes).toEqual(new Set(['aborted', 'put-back', 'rejected', 'restored', 'rolled-back']));
  });
});

test('the page says of starting what the facts say', () => {
  const shown = textOf(begin({ service: 'radar', plan: null, expected: {} }, session));
  const { label, consequence, dangers } = starting('rollback');
  for (const each of [label, consequence, ...dangers]) expect(shown).toContain(each);
});
