import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { declaration, isPivot, orders } from '../src/activities/steps.ts';
import type { GateName } from '../src/domain/approval/answers.ts';
import type { Outcome } from '../src/domain/journal/outcome.ts';
import { decisionsAt, gatesOf } from '../src/domain/leads-to.ts';
import type { Answer, Situation } from '../src/domain/leads-to.ts';
import type { PlanKind } from '../src/domain/plan/plan.ts';
import { code, line } from '../src/views/blocks.ts';
import type { Block, Text } from '../src/views/blocks.ts';
import { consequenceOf, gateQuestion, outcomeOf, outcomeTitles } from '../src/views/facts.ts';
import { markdown } from '../src/views/render/markdown.ts';

export const answersFile = fileURLToPath(new URL('../docs/answers.md', import.meta.url));

const titles: Record<PlanKind, string> = {
  rollback: 'A rollback',
  'emergency-restore': 'An emergency restore',
  'point-in-time-restore': 'A point-in-time restore',
};
const kinds = Object.keys(titles) as PlanKind[];

/** A rollback comes to gate restore after its downgrade; every other gate stands before what cannot be undone. */
const atGate = (kind: PlanKind, gate: GateName): Situation => ({
  kind,
  writes: gate === 'start' ? 'untouched' : 'stopped',
  pivotPassed: kind === 'rollback' && gate === 'restore',
  takenUp: false,
  switched: false,
  onGiveUp: 'put-back',
});

/** Three holds stand for all: before the change, after it, and once the application runs again. */
function holdsOf(kind: PlanKind): { title: string; step: string; situation: Situation }[] {
  const names = orders[kind].map(({ name }) => name);
  const pivot = names.findIndex((name) => isPivot(name, kind));
  const started = names.indexOf('start-app');
  const of = (writes: Situation['writes'], pivotPassed: boolean, switched: boolean) => ({
    ...atGate(kind, 'start'),
    writes,
    pivotPassed,
    switched: switched && kind === 'point-in-time-restore',
  });
  const offers = (name: string) => declaration(name as (typeof names)[number]).decisions.length;
  const before = names.slice(0, pivot).toSorted((one, other) => offers(other) - offers(one))[0];
  return [
    { title: 'hold before the change', step: before ?? '', situation: of('stopped', false, false) },
    { title: 'hold after the change', step: names[pivot] ?? '', situation: of('stopped', true, true) },
    {
      title: 'hold once the application runs',
      step: names[started + 1] ?? '',
      situation: of('resumed', true, true),
    },
  ];
}

/** The revisions of the example. */
const way = { from: '0005', target: '0004' };

/** One row for each consequence, with all the answers that have it. */
function rowsOf(title: Text, answers: readonly Answer[], situation: Situation): Text[][] {
  const labels = new Map<string, string[]>();
  for (const answer of answers) {
    const { label, consequence } = consequenceOf(answer, situation, way);
    labels.set(consequence, [...(labels.get(consequence) ?? []), label]);
  }
  return [...labels].map(([consequence, those], index) => [
    index === 0 ? title : '',
    those.map((label, at) => (at === 0 ? label : label.toLowerCase())).join(', or '),
    consequence,
  ]);
}

const answersOf = (kind: PlanKind): Block => ({
  kind: 'table',
  head: ['where', 'answer', 'what it leads to'],
  rows: [
    ...gatesOf[kind].flatMap((gate) => {
      const situation = atGate(kind, gate);
      const title = line`gate ${code(gate)}: ${gateQuestion(gate, situation)}`;
      const answers = (['approve', 'reject', 'expire'] as const).map((answer) => ({ gate, answer }));
      return rowsOf(title, answers, situation);
    }),
    ...holdsOf(kind).flatMap(({ title, step, situation }) => {
      const answers = [
        ...decisionsAt(declaration(step as Parameters<typeof declaration>[0]), situation),
        ...(situation.pivotPassed ? [] : (['give-up'] as const)),
      ];
      return rowsOf(
        title,
        answers.map((answer) => ({ hold: step, answer })),
        situation,
      );
    }),
  ],
});

const takenUp: Block = {
  kind: 'table',
  head: ['where', 'answer', 'what it leads to'],
  rows: (['start', 'downgrade'] as const).flatMap((gate) => {
    const situation = { ...atGate('rollback', gate), takenUp: true, pivotPassed: true };
    const answers = (['reject', 'expire'] as const).map((answer) => ({ gate, answer }));
    return rowsOf(line`gate ${code(gate)}`, answers, situation);
  }),
};

const words = { good: 'it is over', waits: 'the problem is still there', bad: 'a person is needed' } as const;

const ends: Block = {
  kind: 'table',
  head: ['outcome', 'of', 'how things are', ''],
  rows: (Object.keys(outcomeTitles) as Outcome[]).flatMap((outcome) => {
    const said = kinds.map((kind) => {
      const writes =
        outcome === 'rejected' || outcome === 'nothing-to-do'
          ? 'untouched'
          : outcome === 'aborted'
            ? 'stopped'
            : 'resumed';
      return { kind, ...outcomeOf({ outcome, situation: { ...atGate(kind, 'start'), writes } }) };
    });
    const same = new Set(said.map(({ sentence }) => sentence)).size === 1;
    const only = outcome === 'rolled-back';
    return said
      .filter((_each, index) => index === 0 || !(same || only))
      .map(({ kind, sentence, mood }, index): Text[] => [
        index === 0 ? code(outcome) : '',
        only || !same ? titles[kind].toLowerCase() : 'each kind',
        sentence,
        words[mood],
      ]);
  }),
};

/** What each answer and each outcome means, in the sentences that page, command line, Temporal UI and messages show. */
export const answersText = (): string =>
  [
    '# What each answer leads to',
    '<!-- Made by `npm run build` from src/views/facts.ts and scripts/answers.ts; change those, not this. -->',
    'The page, the command line, the Temporal UI, messages and the report say the same sentences; here with the revisions of a rollback from 0005 to 0004. Tests compare them with what the workflows do. Not every hold offers every answer. *Nobody answers* and *nobody decides* are what happens by itself at the time that is shown, the latter unless the definition says `onGiveUp: stay-stopped`.',
    markdown([
      ...kinds.map((kind): Block => ({ kind: 'section', title: titles[kind], blocks: [answersOf(kind)] })),
      { kind: 'section', title: 'A rollback that takes up one whose downgrade had begun', blocks: [takenUp] },
      { kind: 'section', title: 'How it ended', blocks: [ends] },
    ]),
    '',
  ]
    .join('\n\n')
    .trimEnd() + '\n';

export const writeAnswers = () => writeFile(answersFile, answersText());
