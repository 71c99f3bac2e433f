/** From one moment to another; milliseconds since the epoch. */
export interface Span {
  from: number;
  until: number;
}

interface Stretch extends Span {
  /** Drawn shorter than it was, since nothing but waiting happened in it. */
  shortened: boolean;
  /** Where it begins, and how long it is, in milliseconds as drawn. */
  at: number;
  drawn: number;
}

/** Where moments stand on the chart: from 0 to 100, as per cent of its width. */
export interface Scale {
  at(moment: number): number;
  /** Middle of each stretch that is drawn shorter than it was. */
  breaks: number[];
  ticks: { at: number; label: string }[];
}

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const steps = [
  ...[1, 2, 5, 10, 20, 30].map((count) => count * second),
  ...[1, 2, 5, 10, 20, 30].map((count) => count * minute),
  ...[1, 2, 6, 12, 24].map((count) => count * hour),
];

/** A phone has room for no more labels, less those that fall together. */
const ticksAtMost = 9;
/** Per cent of the width that a label needs on a phone. */
const apart = 16;

/** An hour at a gate would leave no room for a minute of work: waiting takes at most this share of the working. */
const waitingShare = 0.25;

/** The stretches in which something or nothing was done, in turn. */
function stretchesOf({ from, until }: Span, busy: readonly Span[]): (Span & { busy: boolean })[] {
  const stretches: (Span & { busy: boolean })[] = [];
  let reached = from;
  for (const span of busy.toSorted((one, other) => one.from - other.from)) {
    if (span.from > reached) stretches.push({ from: reached, until: span.from, busy: false });
    const begin = Math.max(reached, span.from);
    if (span.until > begin) stretches.push({ from: begin, until: span.until, busy: true });
    reached = Math.max(reached, span.until);
  }
  if (until > reached) stretches.push({ from: reached, until, busy: false });
  return stretches;
}

function drawn(whole: Span, busy: readonly Span[]): Stretch[] {
  const stretches = stretchesOf(whole, busy);
  const working = stretches.reduce((sum, each) => sum + (each.busy ? each.until - each.from : 0), 0);
  const longest = working === 0 ? Infinity : working * waitingShare;
  let at = 0;
  return stretches.map(({ busy: works, from, until }) => {
    const length = works ? until - from : Math.min(until - from, longest);
    const stretch = { from, until, at, drawn: length, shortened: length < until - from };
    at += length;
    return stretch;
  });
}

/** A clock's time, with seconds where ticks are that near. */
const clock = (moment: number, step: number) =>
  new Date(moment).toISOString().slice(11, step < minute ? 19 : 16);

function ticksIn(stretches: readonly Stretch[], total: number, at: (moment: number) => number) {
  const step = steps.find((each) => total / each <= ticksAtMost) ?? total;
  const ticks: Scale['ticks'] = [];
  const mark = (moment: number, label: string) => {
    const tick = { at: at(moment), label };
    if (tick.at - (ticks.at(-1)?.at ?? -apart) >= apart && tick.at <= 100 - apart) ticks.push(tick);
  };
  for (const { from, until, shortened } of stretches) {
    if (shortened) continue;
    // After a break nobody could tell the time by counting on.
    if (ticks.length > 0) mark(from, clock(from, second));
    for (let moment = Math.ceil(from / step) * step; moment < until; moment += step)
      mark(moment, clock(moment, step));
  }
  return ticks;
}

/** A scale that gives work its true length, and shortens long waiting. */
export function scaleOf(whole: Span, busy: readonly Span[]): Scale {
  const stretches = drawn(whole, busy);
  const total = stretches.reduce((sum, each) => sum + each.drawn, 0) || 1;
  const at = (moment: number): number => {
    const stretch = stretches.findLast(({ from }) => from <= moment) ?? stretches[0];
    if (stretch === undefined) return 0;
    const share = (moment - stretch.from) / (stretch.until - stretch.from);
    return ((stretch.at + Math.min(1, Math.max(0, share)) * stretch.drawn) / total) * 100;
  };
  return {
    at,
    breaks: stretches
      .filter(({ shortened }) => shortened)
      .map((stretch) => ((stretch.at + stretch.drawn / 2) / total) * 100),
    ticks: ticksIn(stretches, total, at),
  };
}
