import type { StepProgress } from './step-progress.ts';
import type { Wait } from './waits.ts';

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

/**
 * The timeline as an SVG: a bar for each step, gate and hold, the time without writes behind them. Pure, without
 * script and style sheet, so that a strict CSP lets it through; its text stays as large on a phone as elsewhere.
 *
 * @param now until when what is still open is drawn; its own begin if not given, since views have no clock
 */
export function timelineChart(_data: ChartData, _now?: string): string {
  return '';
}
