import type { Expected, Status } from '../client.ts';
import { line, list, paragraph, trouble } from '../views/blocks.ts';
import type { Block, Text } from '../views/blocks.ts';
import { atWorkText, isOver, leftText, meanwhile, outageText, stepsBlock } from '../views/status.ts';
import { goesOnAs, outcomeOf } from '../views/facts.ts';
import { waitsFor } from './waits-for.ts';

const notVerifiedShown = 6;

/** How it ended, in a few lines; empty while it is open. */
export function ending({ end, state }: Pick<Status, 'end' | 'state'>): Block[] {
  if (end === undefined) return [];
  if ('failure' in end) {
    const { message, next } = end.failure;
    return [
      paragraph({ badge: `${state.toLowerCase()}: ${message}`, mood: 'bad' }),
      paragraph(`Next: ${next}`),
    ];
  }
  const { result } = end;
  if ('continuesAs' in result) return [paragraph(goesOnAs(result))];
  const more = result.notVerified.length - notVerifiedShown;
  const { mood, sentence } = outcomeOf(result);
  const lines = [
    line`${{ badge: result.outcome, mood }}: ${sentence}`,
    result.reason,
    ...result.notVerified.slice(0, notVerifiedShown).map((what) => `Not verified: ${what}`),
    ...(more > 0 ? [`Not verified: ${more} more, in the report`] : []),
    ...(result.report === undefined
      ? []
      : [
          `Report: ${result.report.markdown}`,
          `        ${result.report.json}`,
          `        ${result.report.html}`,
        ]),
  ];
  return [list(lines)];
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
export function statusBlocks(status: Status, now: number, expected: Expected = {}): Block[] {
  const { progress, noWorker, atWork } = status;
  const ended = status.endedAt !== undefined;
  const { steps = [], ignored = [] } = progress ?? {};
  return [
    paragraph(heading(status)),
    stepsBlock(steps, ended ? { ended } : { atWork, expected }),
    ...(ended ? [] : counted(status, now, expected)),
    ...(progress === undefined ? atWork.map((work) => paragraph(`${work.step}: ${atWorkText(work)}`)) : []),
    ...(progress === undefined ? [] : meanwhile(progress)).map(paragraph),
    ...ignored.map(({ message, by, why }) => paragraph(`Ignored: ${message} by ${by}: ${why}`)),
    ...(noWorker === undefined
      ? []
      : [
          paragraph(ended ? 'Its steps are not shown: no worker answers.' : { badge: noWorker, mood: 'bad' }),
        ]),
    ...(progress === undefined || ended ? [] : waitsFor(progress)),
    ...ending(status),
  ];
}
