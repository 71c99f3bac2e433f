import type { AtWork } from '../../client.ts';
import { folded, line, list, where } from '../../views/blocks.ts';
import type { Block } from '../../views/blocks.ts';
import { timelineChart } from '../../views/chart.ts';
import { dataDiffBlocks, instanceDiffBlocks, rehearsalBlocks, salvageBlocks } from '../../views/losses.ts';
import { aliveIn, planBlocks } from '../../views/plan.ts';
import { card, html, htmlBlocks, htmlLine } from '../../views/render/html.ts';
import type { Html } from '../../views/render/html.ts';
import { breachList, decisionTable, rowTable } from '../../views/report/sections.ts';
import { atWorkText, nameOf, stepsBlock, usually } from '../../views/status.ts';
import { isOpen } from './view.ts';
import type { View } from './view.ts';
import type { StepProgress } from '../../views/step-progress.ts';
import { isGuard } from '../../activities/steps.ts';
import { stopWrites } from '../../activities/stop-writes/step.ts';

/** What was decided before anything was touched, with what was seen then. */
export function planCard({ plan: view, report }: View): Html | '' {
  if (view === null) return '';
  const { plan, hash, observations } = view;
  return card('The plan', planBlocks(plan, hash, observations, report));
}

/** What was tried before the database moves, and what moving or restoring it removes. */
export function rehearsalCard({ report }: View): Html | '' {
  const { rehearsal, salvage, emergency, newer, recovery } = report ?? {};
  const diff = emergency?.dataDiff ?? newer;
  const blocks = [
    ...(rehearsal ? rehearsalBlocks(rehearsal, salvage) : []),
    ...(salvage ? salvageBlocks(salvage) : []),
    ...(diff ? dataDiffBlocks(diff) : []),
    ...(recovery?.compared ? instanceDiffBlocks(recovery.compared) : []),
  ];
  if (blocks.length === 0) return '';
  return card(rehearsal ? 'The rehearsal' : 'What the restored database does not hold', blocks);
}

/** Every step with what it found, those to come included. */
export function steps(view: View, now: number): Html | '' {
  const { progress } = view.status ?? {};
  return progress === undefined
    ? ''
    : card('Steps', [stepsBlock(progress.steps, { ended: !isOpen(view) })], now);
}

/** The chart moves on by so much; each second would redraw it for nothing. */
const chartEvery = 5_000;

/** The steps as a picture, and every entry in words. */
export function timeline(view: View, now: number): Html | '' {
  const { report } = view;
  if (report === undefined) return '';
  const until = isOpen(view) ? new Date(now - (now % chartEvery)).toISOString() : view.status?.endedAt;
  const chart = timelineChart(report, until);
  if (chart === '') return '';
  const entries = list(report.timeline.map(({ at, what }) => line`${{ time: at }} ${what}`));
  return html`<div class="card">
    <h2>Timeline</h2>
    <div class="chart">${chart}</div>
    ${htmlBlocks([folded('entries', `Every entry, ${report.timeline.length}`, entries)])}
  </div>`;
}

/** By what the step says itself, else by the time it usually takes: the browser moves that one on. */
function bar(work: AtWork | undefined, startedAt: string, expected: number | undefined, now: number) {
  const { done, of, unit } = work?.latest ?? {};
  if (done !== undefined && of !== undefined && of > 0 && unit !== 'sessions' && unit !== 'pods')
    return html`<progress max="${of}" value="${Math.min(done, of)}" aria-label="Done"></progress>`;
  if (expected === undefined || expected <= 0) return '';
  const gone = Math.min(now - Date.parse(startedAt), expected);
  return html`<progress
    max="${expected}"
    value="${gone}"
    data-began="${startedAt}"
    aria-label="Time gone, of the usual"
  ></progress>`;
}

const isShown = ({ step, state }: StepProgress) => state === 'running' && !isGuard(step);

function current(step: StepProgress, { status, expected }: View, now: number): Html {
  const work = status?.atWork.find((each) => each.step === step.step);
  const { startedAt } = step;
  const estimate = usually(step, expected);
  return html`<div class="card">
    <h2>Now: ${nameOf(step)}</h2>
    ${
      startedAt === undefined
        ? ''
        : html`<p class="faint">
              ${htmlLine(line`At work ${{ time: startedAt, as: 'since' }}${estimate.length > 0 ? ', ' : ''}${estimate}`, now)}
            </p>
            ${bar(work, startedAt, expected[step.step], now)}`
    }
    ${work ? html`<p class="${work.attempt > 1 ? 'trouble' : ''}">${atWorkText(work)}</p>` : ''}
  </div>`;
}

/** What goes on at this moment, and who could still write. */
export function work(view: View, now: number): Html | '' {
  const { status } = view;
  if (status?.progress === undefined || !isOpen(view)) return '';
  const running = status.progress.steps.filter(isShown);
  const living = alive(view);
  if (running.length === 0 && living === '') return '';
  return html`${running.map((step) => current(step, view, now))}${living}`;
}

/**
 * Sessions and pods: as found before anything was stopped; those still there while it stops; and then what came
 * back, for which the cluster and the server are looked at each second.
 */
function alive({ status, plan, report }: View): Html | '' {
  const { atWork = [], progress } = status ?? {};
  const stopping = atWork.find(({ step }) => step === stopWrites.name)?.latest;
  if (stopping) return card('Still alive', [list(stopping.alive ?? [], stopping.doing)]);
  if (atWork.some(({ step }) => isGuard(step)))
    return card('Writers', [
      breachList(report?.breaches ?? [], 'None. Pods and sessions are checked every second.'),
    ]);
  const seen = plan?.observations;
  if (seen === undefined || progress?.phase !== 'gate-start') return '';
  return card('Alive when it was assessed', [list(aliveIn(seen))]);
}

/** Who decided what and how each was proved; what the rows say; what nobody verified. */
export function recordCard({ report }: View): Html | '' {
  if (report === undefined) return '';
  const { decisions, rows, notVerified, ignored } = report;
  const blocks: Block[] = [
    ...where(decisions.length > 0, decisionTable(decisions)),
    ...where(rows.length > 0, folded('rows', 'Rows by table', rowTable(rows))),
    ...where(
      notVerified.length > 0,
      folded('not-verified', `Not verified, ${notVerified.length}`, list(notVerified)),
    ),
    ...where(
      ignored.length > 0,
      folded(
        'ignored',
        `Ignored messages, ${ignored.length}`,
        list(ignored.map(({ at, message, by, why }) => line`${{ time: at }} ${message} by ${by}: ${why}`)),
      ),
    ),
  ];
  return blocks.length === 0 ? '' : card('For the record', blocks);
}
