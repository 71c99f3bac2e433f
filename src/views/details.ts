import { wantsInWords } from '../domain/approval/gate-policy.ts';
import type { Journal } from '../domain/journal/journal.ts';
import { cell } from './markdown.ts';
import type { searchAttributes } from '../domain/approval/messages.ts';
import type { RelatedRunbook } from '../domain/definition/service.ts';
import { entriesOf, progressOf } from '../domain/journal/progress.ts';
import type {
  GateProgress,
  HoldProgress,
  Progress,
  StepProgress,
  Subject,
} from '../domain/journal/progress.ts';
import { duration } from '../domain/text.ts';

/** How a state is shown where there are no colours. */
export const signs = {
  'to-do': '○ to do',
  running: '▶ running',
  done: '✔ done',
  failed: '✘ failed',
  holding: '⏸ waits for you',
  skipped: '↷ skipped',
} as const satisfies Record<StepProgress['state'], string>;

/** The time a line took; of a running one only its start is known, since views have no clock. */
export function timeOf({ startedAt, endedAt }: StepProgress): string {
  if (startedAt === undefined) return '';
  return endedAt === undefined
    ? `since ${startedAt.slice(11, 19)}`
    : duration(Date.parse(endedAt) - Date.parse(startedAt));
}

/** A step as people name it: with its CronJob, and its try from the second on. */
export const nameOf = (line: { title: string; part?: string; try: number }) =>
  [line.title, line.part && `(${line.part})`, line.try > 1 && `try ${line.try}`].filter(Boolean).join(' ');

function waitingAtGate(
  { service }: Progress,
  { gate, hash, people, approvedBy, expiresAt, shows, wants = {} }: GateProgress,
): string[] {
  const body = JSON.stringify({ gate, plan: hash, by: 'your name' });
  const missing = people - approvedBy.length;
  return [
    `**Gate \`${gate}\` waits for ${missing} ${missing === 1 ? 'person' : 'different people'} until ${expiresAt}**, plan \`${hash}\``,
    '',
    ...shows.map((line) => `- ${cell(line)}`),
    ...wantsInWords(wants).map((line) => `- ${cell(line)}`),
    ...(approvedBy.length > 0 ? [`- Approved so far by: ${cell(approvedBy.join(', '))}`] : []),
    '',
    `Approve with signal or update \`approve\`, refuse with \`reject\`: \`${body}\``,
    '',
    `Or: \`backstep approve ${service} --gate ${gate} --plan ${hash} --by <your name>\``,
  ];
}

function waitingAtHold(
  { service }: Progress,
  { hold, step, fault, decisions, deadline, byHand, runbooks = [] }: HoldProgress,
): string[] {
  const body = JSON.stringify({ hold, decision: decisions[0], by: 'your name' });
  return [
    `**Hold: \`${step}\` needs a decision${deadline === undefined ? '' : ` until ${deadline}`}**`,
    '',
    `${fault.type}: ${cell(fault.message)}`,
    '',
    `Next: ${fault.next}`,
    '',
    `Decide ${decisions.map((decision) => `\`${decision}\``).join(', ')} with signal or update \`decide\`: \`${body}\``,
    '',
    `Or: \`backstep decide ${service} ${decisions.join('|')} --hold ${hold} --by <your name>\``,
    ...(runbooks.length === 0 ? [] : ['', `Related runbooks: ${runbooksInWords(runbooks)}`]),
    ...(byHand.length === 0 ? [] : ['', 'To undo the freeze by hand:', '', '```sh', ...byHand, '```']),
  ];
}

/** Links where they lead somewhere; a file beside the definition is only named. */
const runbooksInWords = (runbooks: readonly RelatedRunbook[]) =>
  runbooks
    .map(({ title, url }) =>
      /^https?:/i.test(url)
        ? `[${cell(title)}](${encodeURI(url).replaceAll(')', '%29')})`
        : `${cell(title)} (${cell(url)})`,
    )
    .join(', ');

/** What happened beside the steps: who was called, what the alerts say, whom nobody could tell. */
function meanwhile(journal: Journal, progress: Progress): string[] {
  const { service, outcome, escalated, acknowledgedBy, annotations, ignored } = progress;
  const called = escalated.at(-1);
  const waits = outcome === undefined && acknowledgedBy.length === 0;
  const alert = annotations.at(-1);
  const silent = new Set(entriesOf(journal, 'not-notified').map(({ to }) => to));
  const message = ignored.at(-1);
  return [
    ...(called
      ? [
          `Escalated to ${cell([...new Set(escalated.map(({ to }) => to))].join(', '))} (${cell(called.why)})`,
          ...(waits ? [`Nobody is on it yet: \`backstep acknowledge ${service} --by <your name>\``] : []),
        ]
      : []),
    ...(acknowledgedBy.length > 0 ? [`On it: ${cell(acknowledgedBy.join(', '))}`] : []),
    ...(alert ? [`Alert ${alert.status}, says ${alert.source}: ${cell(alert.text)}`] : []),
    ...(silent.size > 0 ? [`Could not be told: ${cell([...silent].join(', '))}`] : []),
    ...(message
      ? [
          `Last message that counted for nothing: \`${message.message}\` by ${cell(message.by)}: ${cell(message.why)}`,
        ]
      : []),
  ];
}

/**
 * The workflow's current details, as the Temporal UI renders them: Markdown with a table, no HTML. What a
 * person must do stands first.
 */
export function details(journal: Journal, subject: Subject): string {
  const progress = progressOf(journal, subject);
  const { from, target, outcome, reason, gate, hold, outage } = progress;
  const headline = outcome === undefined ? progress.phase : `${outcome}: ${cell(reason ?? '')}`;
  return [
    `**${subject.service}** ${from === undefined ? '' : `\`${from}\` → \`${target}\``}: ${headline}`,
    '',
    ...(outage && outcome === undefined
      ? [
          `Writes are stopped since ${outage.since.slice(11, 19)} UTC; the write outage budget of ${duration(outage.budget)} is used up at **${outage.endsAt.slice(0, 19).replace('T', ' ')} UTC**`,
          '',
        ]
      : []),
    ...(gate ? [...waitingAtGate(progress, gate), ''] : []),
    ...(hold ? [...waitingAtHold(progress, hold), ''] : []),
    ...meanwhile(journal, progress).flatMap((line) => [line, '']),
    '| Step | State | Time | |',
    '|---|---|---|---|',
    ...progress.steps.map(
      (line) =>
        `| ${cell(nameOf(line))} | ${signs[line.state]} | ${timeOf(line)} | ${cell((line.summary ?? '').slice(0, 300))} |`,
    ),
  ].join('\n');
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
