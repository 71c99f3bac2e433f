import { scaleOf } from './chart-scale.ts';
import type { Scale, Span } from './chart-scale.ts';
import { nameOf, signs } from './details.ts';
import { markup } from './markup.ts';
import type { Markup } from './markup.ts';
import type { StepProgress, StepState } from '../domain/journal/step-progress.ts';
import type { Wait } from '../domain/journal/waits.ts';
import { duration } from '../domain/text.ts';

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

/** In every font; a phone makes a coloured picture of the usual sign for a pause. */
const pause = '‖';
const waitSigns = { gate: '◇', hold: pause } as const;

const row = { height: 36, text: 13, bar: 19, thick: 10 } as const;
const axis = 26;

const time = (iso: string) => Date.parse(iso);
const clock = (moment: number) => new Date(moment).toISOString().slice(11, 19);

function barsOf({ steps, waits = [] }: ChartData, end: number): Bar[] {
  const worked = steps.flatMap((line): Bar[] => {
    const { step, state, startedAt, endedAt } = line;
    // Keeping writes stopped is the shade behind the others, not one of them.
    if (startedAt === undefined || step === 'guard-writes') return [];
    const from = time(startedAt);
    const until = endedAt === undefined ? Math.max(end, from) : time(endedAt);
    const [sign = ''] = state === 'holding' ? pause : signs[state];
    return [{ kind: state, sign, label: nameOf(line), from, until, open: endedAt === undefined }];
  });
  const waited = waits.map((wait): Bar => {
    const { kind, name, ended } = wait;
    const from = time(wait.from);
    const until = wait.until === undefined ? Math.max(end, from) : time(wait.until);
    const label = `${kind === 'gate' ? 'Gate' : 'Hold'} ${name}${ended === undefined ? '' : `: ${ended}`}`;
    return { kind, sign: waitSigns[kind], label, from, until, open: wait.until === undefined };
  });
  return [...worked, ...waited].toSorted((one, other) => one.from - other.from);
}

const percent = (value: number) => `${value.toFixed(2)}%`;
const took = ({ from, until, open }: Bar) => `${open ? 'for ' : ''}${duration(until - from)}`;

function drawBar(bar: Bar, top: number, scale: Scale): Markup {
  const [from, until] = [scale.at(bar.from), scale.at(bar.until)];
  const colour = colours[bar.kind];
  // What took no time has a width by its stroke alone.
  return markup`<g class="bar ${bar.kind}"><title>${bar.label}, ${clock(bar.from)} to ${bar.open ? 'now' : clock(bar.until)} UTC, ${took(bar)}</title>
<text x="0" y="${top + row.text}" font-size="13" fill="currentColor">${bar.sign} ${bar.label} <tspan fill-opacity="0.65">${took(bar)}</tspan></text>
<rect x="0" y="${top + row.bar + 4}" width="100%" height="2" fill="currentColor" fill-opacity="0.07"/>
<rect x="${percent(from)}" y="${top + row.bar}" width="${percent(until - from)}" height="${row.thick}" rx="2" fill="${colour}" fill-opacity="${bar.open ? '0.55' : '1'}" stroke="${colour}" stroke-width="2"/></g>
`;
}

function drawStopped({ from, until }: Span, height: number, scale: Scale): Markup {
  const [left, right] = [scale.at(from), scale.at(until)];
  return markup`<rect class="stopped" x="${percent(left)}" y="${axis - 4}" width="${percent(right - left)}" height="${height - axis + 4}" fill="${colours.stopped}" fill-opacity="0.09"/>
<rect class="stopped" x="${percent(left)}" y="${axis - 4}" width="${percent(right - left)}" height="2" fill="${colours.stopped}"/>
`;
}

const drawTick = ({ at, label }: Scale['ticks'][number], height: number) =>
  markup`<line x1="${percent(at)}" x2="${percent(at)}" y1="${axis - 8}" y2="${height}" stroke="currentColor" stroke-opacity="0.15"/><text x="${percent(at)}" y="12" font-size="11" fill="currentColor" fill-opacity="0.65">${label}</text>
`;

/** Two slanted strokes across the axis: time is missing here. */
const drawBreak = (at: number) =>
  markup`<svg x="${percent(at)}" y="${axis - 10}" width="1" height="14" overflow="visible"><path d="M-5 14 L-1 0 M1 14 L5 0" stroke="currentColor" stroke-opacity="0.6" fill="none"/></svg>
`;

const drawLine = (line: string, y: number) =>
  markup`<text x="0" y="${y}" font-size="12" fill="currentColor" fill-opacity="0.65">${line}</text>
`;

/** What stands below, a line each, for a phone breaks none. */
function legend({ from, until }: Span, stopped: Span | undefined, open: boolean, breaks: number): string[] {
  return [
    `${clock(from)} to ${open ? 'now' : clock(until)} UTC, ${duration(until - from)}.`,
    ...(stopped === undefined ? [] : [`Shaded: writes stopped, ${duration(stopped.until - stopped.from)}.`]),
    ...(breaks === 0 ? [] : ['Waiting is drawn shorter than it was (//).']),
  ];
}

/**
 * The timeline as an SVG: a bar for each step, gate and hold, the time without writes behind them. Pure, without
 * script and style sheet, so that a strict CSP lets it through; its text stays as large on a phone as elsewhere.
 * Empty where nothing has begun.
 *
 * @param now until when what is still open is drawn; the last that is known if not given, since views have no clock
 */
export function timelineChart(data: ChartData, now?: string): string {
  const { startedAt, endedAt, writesStopped, steps, waits = [] } = data;
  const known = [
    ...steps.flatMap(({ startedAt: began, endedAt: ended }) => [began, ended]),
    ...waits.flatMap(({ from, until }) => [from, until]),
    startedAt,
    endedAt ?? now,
  ].flatMap((iso) => (iso === undefined ? [] : [time(iso)]));
  const whole = { from: Math.min(...known), until: Math.max(...known) };
  const bars = barsOf(data, whole.until);
  if (bars.length === 0) return '';
  const scale = scaleOf(
    whole,
    bars.filter(({ kind }) => kind !== 'gate' && kind !== 'hold'),
  );
  const stopped = writesStopped && {
    from: time(writesStopped.from),
    until: writesStopped.until === undefined ? whole.until : time(writesStopped.until),
  };
  const said = legend(whole, stopped, endedAt === undefined, scale.breaks.length);
  const below = axis + bars.length * row.height;
  const height = below + said.length * 17 + 4;
  return markup`<svg xmlns="http://www.w3.org/2000/svg" class="timeline" role="img" aria-labelledby="timeline-title timeline-desc" width="100%" height="${height}" font-family="system-ui, sans-serif">
<title id="timeline-title">Timeline</title>
<desc id="timeline-desc">${said.join(' ')} ${bars.map((bar) => `${bar.label}: ${took(bar)}.`).join(' ')}</desc>
${stopped && drawStopped(stopped, below, scale)}${scale.ticks.map((tick) => drawTick(tick, below))}${scale.breaks.map(drawBreak)}${bars.map((bar, index) => drawBar(bar, axis + index * row.height, scale))}${said.map((line, index) => drawLine(line, below + (index + 1) * 17))}
</svg>`.text;
}
