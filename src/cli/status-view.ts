import type { AtWork, Expected, Status } from '../client.ts';
import { nameOf } from '../views/status.ts';
import type { CliContext } from './context.ts';
import { leftInWords, outageInWords, usually } from './estimate.ts';
import { waitsFor } from './waits-for.ts';
import { bytes, duration } from '../domain/text.ts';
import type { StepProgress } from '../views/progress.ts';

type Colours = CliContext['colours'];

/** Room for the longest title together with a CronJob's name. */
const nameWidth = 56;

const signs = { 'to-do': '○', running: '▶', done: '✔', failed: '✘', holding: '⏸', skipped: '↷' } as const;

function sign(state: StepProgress['state'], colours: Colours): string {
  const paint = {
    'to-do': colours.dim,
    running: colours.cyan,
    done: colours.green,
    failed: colours.red,
    holding: colours.yellow,
    skipped: colours.yellow,
  }[state];
  return paint(signs[state]);
}

/** What a step is doing right now, with how far it is where that is known. */
export function doing({ latest, attempt, lastFailure, startedAt, nextAttemptAt }: AtWork): string {
  const amount = (value: number) => (latest?.unit === 'bytes' ? bytes(value) : value.toLocaleString('en'));
  const unit = latest?.unit === undefined || latest.unit === 'bytes' ? '' : ` ${latest.unit}`;
  const far =
    latest?.done === undefined
      ? ''
      : `: ${amount(latest.done)}${latest.of === undefined ? '' : ` of ${amount(latest.of)}`}${unit}`;
  const again =
    attempt > 1 ? ` (attempt ${attempt}${lastFailure === undefined ? '' : `; before: ${lastFailure}`})` : '';
  const waits = startedAt === undefined && nextAttemptAt !== undefined ? 'waits for a worker' : '';
  return `${latest === undefined ? waits : `${latest.doing}${far}`}${again}`;
}

/** One line of the list of steps. */
export function stepLine(
  line: StepProgress,
  atWork: AtWork | undefined,
  now: number,
  colours: Colours,
  expected: Expected = {},
): string {
  const took =
    line.startedAt === undefined
      ? ''
      : duration((line.endedAt === undefined ? now : Date.parse(line.endedAt)) - Date.parse(line.startedAt));
  const estimate = usually(line, expected);
  const works = line.state === 'running' && atWork !== undefined ? doing(atWork) : (line.summary ?? '');
  const says = [estimate, works].filter((part) => part !== '').join('; ');
  const name = nameOf(line);
  const text = `${name.padEnd(nameWidth)} ${took.padStart(12)}`;
  const shown = line.state === 'to-do' ? colours.dim(says === '' ? name : text) : text;
  return `  ${sign(line.state, colours)} ${shown}${says === '' ? '' : `  ${line.state === 'to-do' ? colours.dim(says) : says}`}`.trimEnd();
}

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
  const good =
    result.outcome === 'rolled-back' ||
    result.outcome === 'nothing-to-do' ||
    (result.kind !== undefined && result.outcome === 'restored');
  return [
    `${(good ? colours.green : colours.yellow)(result.outcome)}: ${result.reason}`,
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

/** The whole status, one entry a line; with `expected`, how long things usually take. */
export function statusLines(
  status: Status,
  now: number,
  colours: Colours,
  expected: Expected = {},
): string[] {
  const { service, progress, noWorker, atWork } = status;
  const until = status.endedAt === undefined ? now : Date.parse(status.endedAt);
  const took = duration(until - Date.parse(status.startedAt));
  const way = progress?.from === undefined ? '' : `  ${progress.from} → ${progress.target}`;
  const doneWith = status.endedAt === undefined ? `for ${took}` : `took ${took}`;
  return [
    `${colours.bold(service)}${way}  ${progress?.operation ?? status.workflowId}  ${status.state.toLowerCase()}, ${doneWith}`,
    ...(progress?.steps ?? []).map((line) =>
      stepLine(
        // Terminated or refused in the middle of a step: it runs no more.
        line.state === 'running' && status.endedAt !== undefined ? { ...line, state: 'failed' } : line,
        atWork.find(({ step }) => step === line.step),
        until,
        colours,
        status.endedAt === undefined ? expected : {},
      ),
    ),
    ...(progress === undefined || status.endedAt !== undefined
      ? []
      : [...leftInWords(progress.steps, expected, now), ...outageInWords(progress.outage, now, colours)]),
    ...(progress === undefined ? atWork.map((work) => `  ${work.step}: ${doing(work)}`) : []),
    ...(progress?.cancelRequested
      ? [colours.yellow('A cancel request came after the pivot: it holds at the next step.')]
      : []),
    ...(progress?.escalated ?? []).map(({ to, why }) => colours.yellow(`Escalated to ${to}: ${why}`)),
    ...(progress?.acknowledgedBy.length ? [`Acknowledged by ${progress.acknowledgedBy.join(', ')}`] : []),
    ...(progress?.ignored ?? []).map(
      ({ message, by, why }) => `Counted for nothing: ${message} by ${by}: ${why}`,
    ),
    ...(noWorker === undefined
      ? []
      : [
          status.endedAt === undefined
            ? colours.red(noWorker)
            : 'Its steps are not shown: no worker answers.',
        ]),
    ...(progress === undefined || status.endedAt !== undefined ? [] : waitsFor(progress, colours)),
    ...ending(status, colours),
  ];
}
