import { raw } from 'hono/html';
import { html } from './html.ts';
import { timelineChart } from '../../views/chart.ts';
import { nameOf, signs } from '../../views/details.ts';
import type { StepProgress } from '../../domain/journal/step-progress.ts';
import { list, moment, more, since } from './parts.ts';
import type { Html } from './html.ts';
import { isOpen } from './view.ts';
import type { View } from './view.ts';
import { duration } from '../../domain/text.ts';

/** The chart moves on by so much; each second would redraw it for nothing. */
const chartEvery = 5_000;

const timeOf = ({ startedAt, endedAt }: StepProgress, open: boolean, now: number): Html | string => {
  if (startedAt === undefined) return '';
  if (endedAt !== undefined) return duration(Date.parse(endedAt) - Date.parse(startedAt));
  return open ? since(startedAt, now) : '';
};

function stepLine(line: StepProgress, open: boolean, now: number): Html {
  // Terminated in the middle of a step: it runs no more.
  const state = line.state === 'running' && !open ? 'failed' : line.state;
  const [sign = '', ...words] = signs[state].split(' ');
  return html`<li class="${state}">
    <span class="sign" aria-hidden="true">${sign}</span>
    <span class="name">${nameOf(line)}<span class="unseen">: ${words.join(' ')}</span></span>
    <span class="took">${timeOf(line, open, now)}</span>
    ${line.summary === undefined ? '' : html`<span class="summary">${line.summary}</span>`}
    ${line.notes === undefined ? '' : list(line.notes, 'summary')}
  </li>`;
}

/** Every step with what it found, those to come included. */
export function steps(view: View, now: number): Html | '' {
  const { progress } = view.status ?? {};
  if (progress === undefined) return '';
  return html`<div class="card">
    <h2>Steps</h2>
    <ol class="steps">
      ${progress.steps.map((line) => stepLine(line, isOpen(view), now))}
    </ol>
  </div>`;
}

/** The same as a picture, and every entry in words. */
export function timeline(view: View, now: number): Html | '' {
  const { report } = view;
  if (report === undefined) return '';
  const until = isOpen(view) ? new Date(now - (now % chartEvery)).toISOString() : view.status?.endedAt;
  const chart = timelineChart(report, until);
  if (chart === '') return '';
  return html`<div class="card">
    <h2>Timeline</h2>
    <div class="chart">${raw(chart)}</div>
    ${more(
      'entries',
      `Every entry, ${report.timeline.length}`,
      html`<ol class="entries">
        ${report.timeline.map(({ at, what }) => html`<li>${moment(at)} ${what}</li>`)}
      </ol>`,
    )}
  </div>`;
}
