import type { Expected, Status } from '../client.ts';
import { clock } from '../domain/text.ts';
import { line, list, paragraph, trouble, where } from '../views/blocks.ts';
import type { Block, Text } from '../views/blocks.ts';
import { atWorkText, isOver, leftText, outageText, stepsBlock } from '../views/status.ts';
import type { CliContext } from './context.ts';
import { outcomeOf } from '../views/facts.ts';
import { waitsFor } from './waits-for.ts';

type Colours = CliContext['colours'];

const notVerifiedShown = 6;

/** How it ended, in a few lines; empty while it is open. */
export function ending({ end, state }: Status, colours: Colours): string[] {
  if (end === undefined) return [];
  if ('failure' in end) {
    return [colours.red(`${state.toLowerCase()}: ${end.failure.message}`), `Next: ${end.failure.next}`];
  }
  const { result } = end;
  if ('continuesAs' in result)
    return [`It goes on as ${result.continuesAs}.${result.said === undefined ? '' : ` ${result.said}`}`];
  const more = result.notVerified.length - notVerifiedShown;
  const { mood, sentence } = outcomeOf(result);
  const paint = { good: colours.green, waits: colours.yellow, bad: colours.red }[mood];
  return [
    `${paint(result.outcome)}: ${sentence}`,
    result.reason,
    ...result.notVerified.slice(0, notVerifiedShown).map((what) => `Not verified: ${what}`),
    ...(more > 0 ? [`Not verified: ${more} more, in the report`] : []),
    ...(result.report === undefined
      ? []
      : [
          `Report: ${result.report.markdown}`,
          `        ${result.report.json}`,
          ...(result.report.html === undefined ? [] : [`        ${result.report.html}`]),
        ]),
  ];
}

/** What it is and since when. */
function heading({ service, workflowId, state, startedAt, endedAt, progress }: Status): Text {
  const way = progress?.from === undefined ? '' : `  ${progress.from} → ${progress.target}`;
  const took: Text =
    endedAt === undefined
      ? { time: startedAt, as: 'since' }
      : line`took ${{ duration: Date.parse(endedAt) - Date.parse(startedAt) }}`;
  return line`${{ strong: service }}${way}  ${progress?.operation ?? workflowId}  ${state.toLowerCase()}, ${took}`;
}

/** What is left to do, and of the outage budget, while it is open. */
function counted({ progress }: Status, now: number, expected: Expected): Block[] {
  if (progress === undefined) return [];
  const left = leftText(progress.steps, expected, now);
  const { outage } = progress;
  return [
    ...(left === undefined ? [] : [paragraph(left)]),
    ...(outage ? [(isOver(outage, now) ? trouble : paragraph)(outageText(outage, now))] : []),
  ];
}

/** The whole status; with `expected`, how long things usually take. */
export function statusBlocks(
  status: Status,
  now: number,
  colours: Colours,
  expected: Expected = {},
): Block[] {
  const { progress, noWorker, atWork } = status;
  const ended = status.endedAt !== undefined;
  const { steps = [], cancelRequested, escalated = [], acknowledgedBy = [], ignored = [] } = progress ?? {};
  return [
    paragraph(heading(status)),
    stepsBlock(steps, ended ? { ended } : { atWork, expected }),
    ...(ended ? [] : counted(status, now, expected)),
    ...(progress === undefined ? atWork.map((work) => paragraph(`${work.step}: ${atWorkText(work)}`)) : []),
    ...where(
      cancelRequested,
      paragraph({
        badge:
          'Somebody asked Temporal to cancel. It is too late to undo by itself; you are asked at the next step.',
        mood: 'waits',
      }),
    ),
    ...escalated.map(({ to, why, at }) =>
      paragraph({ badge: `Escalated to ${to} at ${clock(at)}: ${why}`, mood: 'waits' }),
    ),
    ...where(acknowledgedBy.length > 0, paragraph(`Acknowledged by ${acknowledgedBy.join(', ')}`)),
    ...ignored.map(({ message, by, why }) => paragraph(`Ignored: ${message} by ${by}: ${why}`)),
    ...(noWorker === undefined
      ? []
      : [
          paragraph(ended ? 'Its steps are not shown: no worker answers.' : { badge: noWorker, mood: 'bad' }),
        ]),
    list([
      ...(progress === undefined || ended ? [] : waitsFor(progress, colours)),
      ...ending(status, colours),
    ]),
  ];
}
