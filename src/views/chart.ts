import type { Wait } from '../domain/journal/waits.ts';
import { clock, duration } from '../domain/text.ts';
import { signs } from './blocks.ts';
import { nameOf } from './status.ts';
import { html as svg } from './render/html.ts';
import type { Html } from './render/html.ts';
import type { StepProgress, StepState } from './step-progress.ts';
import { isGuard } from '../activities/steps.ts';

/** What the chart is drawn of; a `Report` has all of it, a `Progress` enough. Times are ISO 8601. */
export interface ChartData {
  startedAt?: string;
  endedAt?: string;
  steps: readonly StepProgress[];
  /** Gates and holds: when people were waited for. */
  waits?: readonly Wait[];
  /** From the stop of writes until the application was started or put back. */
  writesStopped?: { from: string; until?: string };
}

/** From one time to another; milliseconds since the epoch. */
interface Span {
  from: number;
  until: number;
}

interface Bar extends Span {
  kind: StepState | Wait['kind'];
  sign: string;
  label: string;
  open: boolean;
}

/** Seen on white and on black; a sign says the same to those who see no colours. */
const colours: Record<Bar['kind'] | 'stopped', string> = {
  'to-do': '#8a8f98',
  done: '#3b9a63',
  running: '#3b82c4',
  failed: '#d0493e',
  skipped: '#8a8f98',
  holding: '#c98a1b',
  hold: '#c98a1b',
  gate: '#8b74c9',
  stopped: '#d0493e',
};

const row = { height: 36, text: 13, bar: 19, thick: 10 } as const;
const axis = 26;
const lineHeight = 17;

const second = 1_000;
const minute = 60 * second;
const intervals = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200, 1_800].map((seconds) => seconds * second);
/** Hours, and whole days of them. */
const longer = [1, 2, 6, 12, 24, 72, 168].map((hours) => hours * 60 * minute);
/** A phone has room for a label at each sixth of the width. */
const ticksAtMost = 6;

const time = (iso: string) => Date.parse(iso);
const clockOf = (time: number) => clock(new Date(time).toISOString());
const percent = (value: number) => `${value.toFixed(2)}%`;
const took = ({ from, until, open }: Bar) => `${open ? 'for ' : ''}${duration(until - from)}`;

/** Where a time stands, from 0 to 100: the scale is linear. */
const placed = ({ from, until }: Span, time: number) => ((time - from) / (until - from || 1)) * 100;

/** Round times at which the axis is marked, with seconds where they are near each other. */
export function ticksOf(whole: Span): { at: number; label: string }[] {
  const length = whole.until - whole.from;
  const step = [...intervals, ...longer].find((each) => length / each <= ticksAtMost) ?? length;
  const first = Math.ceil(whole.from / step) * step;
  return Array.from({ length: Math.max(0, Math.floor((whole.until - first) / step) + 1) }, (_, index) => {
    const time = first + index * step;
    const label = new Date(time).toISOString().slice(11, step < minute ? 19 : 16);
    return { at: placed(whole, time), label };
  }).filter(({ at }) => at <= 100 - 100 / ticksAtMost);
}

function barsOf({ steps, waits = [] }: ChartData, end: number): Bar[] {
  const until = (from: number, ended: string | undefined) =>
    ended === undefined ? Math.max(end, from) : time(ended);
  const worked = steps.flatMap((line): Bar[] => {
    const { step, state, startedAt, endedAt } = line;
    // Keeping writes stopped is the shade behind the others, not one of them.
    if (startedAt === undefined || isGuard(step)) return [];
    const from = time(startedAt);
    const [sign] = signs[state];
    return [
      {
        kind: state,
        sign,
        label: nameOf(line),
        from,
        until: until(from, endedAt),
        open: endedAt === undefined,
      },
    ];
  });
  const waited = waits.map(({ kind, name, ended, from: began, until: closed }): Bar => {
    const from = time(began);
    const sign = kind === 'gate' ? '◇' : signs.holding[0];
    const label = `${kind === 'gate' ? 'Gate' : 'Hold'} ${name}${ended === undefined ? '' : `: ${ended}`}`;
    return { kind, sign, label, from, until: until(from, closed), open: closed === undefined };
  });
  return [...worked, ...waited].toSorted((one, other) => one.from - other.from);
}

function drawBar(bar: Bar, top: number, whole: Span): Html {
  const [from, until] = [placed(whole, bar.from), placed(whole, bar.until)];
  const colour = colours[bar.kind];
  // What took no time has a width by its stroke alone.
  return svg`<g class="bar ${bar.kind}"><title>${bar.label}, ${clockOf(bar.from)} to ${bar.open ? 'now' : clockOf(bar.until)}, ${took(bar)}</title>
<text x="0" y="${top + row.text}" font-size="13" fill="currentColor">${bar.sign} ${bar.label} <tspan fill-opacity="0.65">${took(bar)}</tspan></text>
<rect x="0" y="${top + row.bar + 4}" width="100%" height="2" fill="currentColor" fill-opacity="0.07"/>
<rect x="${percent(from)}" y="${top + row.bar}" width="${percent(until - from)}" height="${row.thick}" rx="2" fill="${colour}" fill-opacity="${bar.open ? '0.55' : '1'}" stroke="${colour}" stroke-width="2"/></g>
`;
}

function drawStopped(stopped: Span, height: number, whole: Span): Html {
  const left = placed(whole, stopped.from);
  const place = svg`x="${percent(left)}" y="${axis - 4}" width="${percent(placed(whole, stopped.until) - left)}"`;
  return svg`<rect class="stopped" ${place} height="${height - axis + 4}" fill="${colours.stopped}" fill-opacity="0.09"/>
<rect class="stopped" ${place} height="2" fill="${colours.stopped}"/>
`;
}

/**
 * The timeline as an SVG: a bar for each step, gate and hold, the time without writes behind them. Pure, without
 * script and style sheet, so that a strict CSP lets it through; its text stays as large on a phone as elsewhere.
 * Empty where nothing has begun.
 *
 * @param now until when what is still open is drawn; the last that is known if not given, since views have no clock
 */
export function timelineChart(data: ChartData, now?: string): Html | '' {
  const { startedAt, endedAt, writesStopped, steps, waits = [] } = data;
  const known = [
    ...steps.flatMap((line) => [line.startedAt, line.endedAt]),
    ...waits.flatMap(({ from, until }) => [from, until]),
    startedAt,
    endedAt ?? now,
  ].flatMap((iso) => (iso === undefined ? [] : [time(iso)]));
  const whole = { from: Math.min(...known), until: Math.max(...known) };
  const bars = barsOf(data, whole.until);
  if (bars.length === 0) return '';
  const stopped = writesStopped && {
    from: time(writesStopped.from),
    until: writesStopped.until === undefined ? whole.until : time(writesStopped.until),
  };
  const legend = [
    `${clockOf(whole.from)} to ${endedAt === undefined ? 'now' : clockOf(whole.until)}, ${duration(whole.until - whole.from)}.`,
    ...(stopped ? [`Shaded: writes stopped, ${duration(stopped.until - stopped.from)}.`] : []),
  ];
  const below = axis + bars.length * row.height;
  const ticks = ticksOf(whole).map(
    ({ at, label }) =>
      svg`<line x1="${percent(at)}" x2="${percent(at)}" y1="${axis - 8}" y2="${below}" stroke="currentColor" stroke-opacity="0.15"/><text x="${percent(at)}" y="12" font-size="11" fill="currentColor" fill-opacity="0.65">${label}</text>
`,
  );
  // A line each, for a phone breaks none.
  const said = legend.map(
    (text, index) =>
      svg`<text x="0" y="${below + (index + 1) * lineHeight}" font-size="12" fill="currentColor" fill-opacity="0.65">${text}</text>
`,
  );
  return svg`<svg xmlns="http://www.w3.org/2000/svg" class="timeline" role="img" aria-labelledby="timeline-title timeline-desc" width="100%" height="${below + legend.length * lineHeight + 4}" font-family="system-ui, sans-serif">
<title id="timeline-title">Timeline</title>
<desc id="timeline-desc">${legend.join(' ')} ${bars.map((bar) => `${bar.label}: ${took(bar)}.`).join(' ')}</desc>
${stopped && drawStopped(stopped, below, whole)}${ticks}${bars.map((bar, index) => drawBar(bar, axis + index * row.height, whole))}${said}
</svg>`;
}
