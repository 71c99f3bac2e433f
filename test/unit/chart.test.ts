import { describe, expect, test } from 'vitest';
import { ticksOf, timelineChart } from '../../src/views/chart.ts';
import { fault } from '../../src/domain/failures.ts';
import type { Event, Journal } from '../../src/domain/journal/journal.ts';
import { html } from '../../src/views/render/html.ts';
import { reportOf } from '../../src/views/report/report.ts';
import { waitsIn } from '../../src/domain/journal/waits.ts';
import { done, gateOpened, gatePassed, hash, journalOf, straight, subject } from '../example-journal.ts';
import { findings } from '../example-plan.ts';

const minute = 60_000;
const reportOn = (journal: Journal) => reportOf(journal, subject());
const hold = {
  kind: 'hold-opened',
  hold: 'verify-1',
  step: 'verify',
  fault: fault('VerificationFailed', 'one row is missing'),
  decisions: ['retry'],
  byHand: [],
} satisfies Event;

/** Where the bar of a step begins and how wide it is, in per cent. */
function barOf(svg: string, label: string): { from: number; width: number } {
  const [, bar = ''] = new RegExp(`<title>${label}[^]*?<rect [^>]*/>\\s*<rect ([^>]*)/>`).exec(svg) ?? [];
  const numberOf = (name: string) => Number(new RegExp(`\\b${name}="([\\d.]+)%"`).exec(bar)?.[1]);
  return { from: numberOf('x'), width: numberOf('width') };
}

describe('the scale of the chart', () => {
  test('ticks stand apart, in order, with seconds where they are near', () => {
    const ticks = ticksOf({ from: 0, until: 90_000 });
    expect(ticks[0]).toEqual({ at: 0, label: '00:00:00' });
    for (const [index, { at }] of ticks.entries())
      if (index > 0) expect(at - (ticks[index - 1]?.at ?? 0)).toBeGreaterThanOrEqual(16);
    const long = ticksOf({ from: 0, until: 300 * minute });
    expect(long.map(({ label }) => label)).toContain('02:00');
    expect(ticksOf({ from: 0, until: 90 * 24 * 60 * minute }).length).toBeLessThanOrEqual(7);
  });

  test('survives a time without length', () => {
    expect(ticksOf({ from: 5, until: 5 })).toEqual([]);
    const { steps } = reportOn(journalOf({ kind: 'step-began', step: 'assess', try: 1 }));
    expect(barOf(String(timelineChart({ steps })), 'Assess')).toEqual({ from: 0, width: 0 });
  });
});

describe('the timeline as a chart', () => {
  test('has a bar for each step, gate and hold, in the order in which they began', () => {
    const events: Event[] = [
      ...done('assess'),
      ...done('stop-writes'),
      gateOpened,
      gatePassed,
      { kind: 'step-began', step: 'verify', try: 1 },
      { kind: 'step-failed', step: 'verify', try: 1, fault: hold.fault },
      hold,
      { kind: 'hold-closed', hold: 'verify-1', decision: 'retry', by: 'ann' },
    ];
    const svg = String(timelineChart(reportOn(journalOf(...events))));
    const bars = [...svg.matchAll(/<g class="bar ([\w-]+)"><title>([^,<]+)/g)].map(([, kind, label]) => [
      kind,
      label,
    ]);
    expect(bars).toEqual([
      ['done', 'Assess: pin the plan'],
      ['done', 'Stop write operations'],
      ['gate', 'Gate downgrade: passed'],
      ['failed', 'Verify the rollback'],
      ['hold', 'Hold verify-1: retry'],
    ]);
    const [stop, gate] = ['Stop write', 'Gate downgrade'].map((label) => barOf(svg, label));
    expect((stop?.from ?? NaN) + (stop?.width ?? NaN)).toBeLessThanOrEqual(gate?.from ?? NaN);
  });

  test('shades the time without writes, and says what is seen to those who see nothing', () => {
    const svg = String(timelineChart(reportOn(journalOf(...straight))));
    expect(svg).toMatch(/<rect class="stopped" x="[\d.]+%"/);
    expect(svg).toContain('role="img" aria-labelledby="timeline-title timeline-desc"');
    expect(svg).toMatch(/<desc[^>]*>03:00:00 UTC to 03:0\d:\d\d UTC, [^<]*Execute the downgrade: 5 s\./);
  });

  test('what is open is drawn up to now', () => {
    const journal = journalOf(...done('assess'), { kind: 'step-began', step: 'stop-writes', try: 1 });
    const now = new Date(Date.parse('2025-11-18T03:00:00Z') + 70_000).toISOString();
    const svg = String(timelineChart(reportOn(journal), now));
    expect(svg).toMatch(/▶ Stop write operations <tspan[^>]*>for 60 s</);
    const { from, width } = barOf(svg, 'Stop write');
    expect(from + width).toBeCloseTo(100);
  });

  test('needs neither script nor style sheet, and lets nothing through that is put in', () => {
    const part = '<script>alert(1)</script>"\'&';
    const found = { ...findings['resume-cron-jobs'], name: part };
    const svg = String(timelineChart(reportOn(journalOf(...done('resume-cron-jobs', found, part)))));
    expect(svg).not.toMatch(/<script|<style|style=|on\w+=/);
    expect(svg).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;');
  });

  test('is nothing where nothing began', () => {
    expect(timelineChart(reportOn([]))).toBe('');
  });
});

describe('waits', () => {
  test('are the gates and holds that were opened, each with its end', () => {
    const closed: Event = { kind: 'hold-closed', hold: 'verify-1', decision: 'restore', by: 'ann' };
    const byPolicy: Event = {
      kind: 'gate-closed',
      gate: 'downgrade',
      hash,
      verdict: 'passed-by-policy',
      by: [],
    };
    const waits = waitsIn(journalOf(byPolicy, gateOpened, gatePassed, hold, closed, byPolicy, hold));
    expect(waits).toEqual([
      {
        kind: 'gate',
        name: 'downgrade',
        from: '2025-11-18T03:00:05.000Z',
        until: '2025-11-18T03:00:10.000Z',
        ended: 'passed',
      },
      {
        kind: 'hold',
        name: 'verify-1',
        from: '2025-11-18T03:00:15.000Z',
        until: '2025-11-18T03:00:20.000Z',
        ended: 'restore',
      },
      { kind: 'hold', name: 'verify-1', from: '2025-11-18T03:00:30.000Z' },
    ]);
  });
});

test('markup escapes what is put in, joins lists, and leaves out what is not there', () => {
  const inner = html`<b>${'<i>'}</b>`;
  expect(String(html`<p title="${`"'`}">${[inner, ' & ', 3]}${undefined}${false}</p>`)).toBe(
    '<p title="&quot;&#39;"><b>&lt;i&gt;</b> &amp; 3</p>',
  );
});
