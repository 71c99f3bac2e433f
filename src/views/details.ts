import { describeWants } from '../domain/approval/gate-policy.ts';
import type { searchAttributes } from '../domain/approval/messages.ts';
import type { Journal } from '../domain/journal/journal.ts';
import { because, people } from '../domain/text.ts';
import { answerLine, gateQuestion, standingOf } from './facts.ts';
import { gateActions, gateShows, ifGateExpires } from './gate.ts';
import { holdActions, onlyByHand } from './hold.ts';
import { code, line, list, paragraph, sentence, where } from './blocks.ts';
import type { Block, Inline, Text } from './blocks.ts';
import { markdown } from './render/markdown.ts';
import { commandOf } from './render/terminal.ts';
import { outageText, stepsBlock } from './status.ts';
import { entriesOf } from '../domain/journal/journal.ts';
import type { GateProgress, HoldProgress, Progress, StepProgress, Subject } from './progress.ts';
import { progressOf } from './progress.ts';

const until = (iso: string | undefined): Inline[] =>
  iso === undefined ? [] : [' until ', { time: iso, as: 'day' }];

function waitingAtGate(progress: Progress, open: GateProgress): Block[] {
  const { service } = progress;
  const at = { ...progress, gate: open };
  const { gate, hash, people: needed, approvedBy, expiresAt, wants = {} } = open;
  const body = JSON.stringify({ gate, plan: hash, by: 'your name' });
  return [
    paragraph(
      line`${{ strong: `Gate ${gate} waits for ${people(needed - approvedBy.length)}` }}${until(expiresAt)}, plan ${code(hash)}`,
    ),
    paragraph(gateQuestion(gate, progress.situation)),
    list([
      ...gateActions(at).map(answerLine),
      ifGateExpires(at),
      ...gateShows(open).map(sentence),
      ...describeWants(wants).map(sentence),
      ...where(approvedBy.length > 0, `Approved so far by: ${approvedBy.join(', ')}`),
    ]),
    paragraph(
      line`Approve with signal or update ${code('approve')}, refuse with ${code('reject')}: ${code(body)}`,
    ),
    paragraph(line`Or: ${code(commandOf({ service, verb: 'approve', gate, hash }))}`),
  ];
}

function waitingAtHold(progress: Progress, open: HoldProgress): Block[] {
  const { service } = progress;
  const at = { ...progress, hold: open };
  const { hold, step, fault, decisions, deadline, byHand, runbooks = [] } = open;
  const body = JSON.stringify({ hold, decision: decisions[0], by: 'your name' });
  const choices = decisions.flatMap((decision, index) => [index > 0 ? ', ' : '', code(decision)]);
  return [
    paragraph(line`${{ strong: `Hold: ${step} needs a decision` }}${until(deadline)}`),
    paragraph(line`${fault.type}: ${sentence(fault.message)}`),
    paragraph(line`Next: ${sentence(fault.next)}`),
    list(holdActions(at).map(answerLine)),
    paragraph(line`Decide ${choices} with signal or update ${code('decide')}: ${code(body)}`),
    paragraph(line`Or: ${code(`backstep decide ${service} ${decisions.join('|')} --hold ${hold}`)}`),
    ...where(
      runbooks.length > 0,
      paragraph([
        'Related runbooks: ',
        ...runbooks.flatMap(({ title, url }, index) => [index > 0 ? ', ' : '', { link: title, url }]),
      ]),
    ),
    ...where<Block>(byHand.length > 0, paragraph(onlyByHand), {
      kind: 'code',
      language: 'sh',
      lines: byHand,
    }),
  ];
}

/** What happened beside the steps: who was called, what the alerts say, whom nobody could tell. */
function meanwhile(journal: Journal, progress: Progress): Text[] {
  const { service, outcome, escalated, acknowledgedBy, annotations, ignored } = progress;
  const called = escalated.at(-1);
  const alert = annotations.at(-1);
  const silent = new Set(entriesOf(journal, 'not-notified').map(({ to }) => to));
  const message = ignored.at(-1);
  return [
    ...(called
      ? [`Escalated to ${[...new Set(escalated.map(({ to }) => to))].join(', ')}${because(called.why)}`]
      : []),
    ...where(
      called && outcome === undefined && acknowledgedBy.length === 0,
      line`Nobody is on it yet: ${code(commandOf({ service, verb: 'acknowledge' }))}`,
    ),
    ...where(acknowledgedBy.length > 0, `On it: ${acknowledgedBy.join(', ')}`),
    ...(alert ? [`Alert ${alert.status}, says ${alert.source}: ${alert.text}`] : []),
    ...where(silent.size > 0, `Could not be told: ${[...silent].join(', ')}`),
    ...(message
      ? [
          line`Last message that was ignored: ${code(message.message)} by ${message.by}${because(message.why)}`,
        ]
      : []),
  ];
}

/** A cell of a table is no place for a whole output. */
const briefly = (step: StepProgress): StepProgress =>
  step.summary === undefined ? step : { ...step, summary: step.summary.slice(0, 300) };

/**
 * The workflow's current details, as the Temporal UI renders them: Markdown with a table, no HTML. What a
 * person must do stands first.
 */
export function details(journal: Journal, subject: Subject): string {
  const progress = progressOf(journal, subject);
  const { from, target, outcome, reason, gate, hold, outage, steps } = progress;
  const way = from === undefined || target === undefined ? '' : line`${code(from)} → ${code(target)}`;
  const headline = outcome === undefined ? progress.phase : `${outcome}${because(reason)}`;
  const ended = standingOf(progress);
  return markdown([
    paragraph(line`${{ strong: subject.service }} ${way}: ${headline}`),
    ...(ended ? [paragraph(ended.sentence)] : []),
    ...(outage && outcome === undefined ? [paragraph(outageText(outage))] : []),
    ...(gate ? waitingAtGate(progress, gate) : []),
    ...(hold ? waitingAtHold(progress, hold) : []),
    ...meanwhile(journal, progress).map(paragraph),
    stepsBlock(steps.map(briefly)),
  ]);
}

/** Values of the search attributes; those not known yet are absent. */
export function attributesOf(
  journal: Journal,
  subject: Subject,
): Partial<Record<keyof typeof searchAttributes, string>> {
  const { phase, target, outcome } = progressOf(journal, subject);
  return {
    service: subject.service,
    phase,
    ...(target !== undefined && { target }),
    ...(outcome && { outcome }),
  };
}
