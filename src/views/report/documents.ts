import { raw } from 'hono/html';
import { line } from '../blocks.ts';
import type { Block, Text } from '../blocks.ts';
import { standingOf } from '../facts.ts';
import { timelineChart } from '../chart.ts';
import { html, htmlBlocks, htmlLine } from '../render/html.ts';
import type { Html } from '../render/html.ts';
import { markdown, markdownLine } from '../render/markdown.ts';
import { blockStyle } from '../render/style.ts';
import type { Report } from './report.ts';
import { sectionsOf, titleOf } from './sections.ts';

/** How it ended, and why. */
const summary = (report: Report): string[] =>
  [standingOf(report)?.sentence, report.reason].filter((each) => each !== undefined);

/** The report as Markdown, for people; what needs a person stands first. */
export const reportMarkdown = (report: Report): string =>
  [
    `# ${markdownLine(titleOf(report))}`,
    ...summary(report).map((each) => markdownLine(each)),
    markdown(sectionsOf(report).map((section): Block => ({ kind: 'section', ...section }))),
    '',
  ]
    .join('\n\n')
    .trimEnd() + '\n';

/** What a report has beside the blocks: one column, as wide as a line is read well, on paper too. */
const style = `${blockStyle}
body { margin: 0 auto; max-width: 58rem; padding: 1.5rem 1rem 4rem; background: var(--card); }
section { margin-top: 2.2rem; }
h2 { padding-bottom: 0.2rem; border-bottom: 1px solid var(--line); }
main > dl { grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: 0.6rem; }
main > dl > div { padding: 0.6rem 0.8rem; border-radius: 0.4rem; background: var(--back); }
main > dl time { white-space: normal; }
.attention { padding: 0.6rem 1rem; border-left: 0.3rem solid var(--bad); border-radius: 0.3rem; background: var(--bad-back); }
.attention h2 { border: 0; color: var(--bad); }
footer { margin-top: 3rem; color: var(--faint); font-size: 0.85rem; }
@media print { body { max-width: none; padding: 0; } h2, tr { break-inside: avoid; break-after: avoid; } }
`;

const between = (from: string, until: string): Text => ({ duration: Date.parse(until) - Date.parse(from) });

/** What everybody asks first. */
function headline(report: Report): Html {
  const { outcome, revision, writesStopped, startedAt, endedAt } = report;
  const facts: [name: string, value: Text | undefined][] = [
    [
      'Outcome',
      outcome === undefined ? 'under way' : { badge: outcome, mood: standingOf(report)?.mood ?? 'none' },
    ],
    ['Revision', revision && `${revision.before} → ${revision.after ?? 'not known'}`],
    [
      'Writes stopped',
      writesStopped &&
        (writesStopped.until === undefined
          ? { badge: 'still', mood: 'bad' }
          : between(writesStopped.from, writesStopped.until)),
    ],
    ['Took', startedAt !== undefined && endedAt !== undefined ? between(startedAt, endedAt) : undefined],
    ['Began', startedAt === undefined ? undefined : line`${{ time: startedAt, as: 'day' }}`],
  ];
  const known = facts.filter((fact): fact is [string, Text] => fact[1] !== undefined);
  return html`<dl>
    ${known.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${htmlLine(value)}</dd>
        </div>`,
    )}
  </dl>`;
}

/**
 * The report as one HTML file that needs nothing else, neither network nor script: for people who have no terminal,
 * with the timeline drawn.
 */
export function reportHtml(report: Report): string {
  const title = titleOf(report);
  const sections = sectionsOf(report);
  const urgent = report.attention.length > 0 ? sections.shift() : undefined;
  const chart = timelineChart(report);
  return String(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta
            http-equiv="Content-Security-Policy"
            content="default-src 'none'; style-src 'unsafe-inline'"
          />
          <title>${title}</title>
          <style>
            ${raw(style)}
          </style>
        </head>
        <body>
          <header>
            <h1>${title}</h1>
            ${summary(report).map((each) => html`<p class="faint">${each}</p>`)}
          </header>
          <main>
            ${headline(report)}
            ${urgent && html`<section class="attention">${htmlBlocks([{ kind: 'section', ...urgent }], { level: 2 })}</section>`}
            ${
              chart &&
              html`<section>
                <h2>How it went</h2>
                <div class="chart">${chart}</div>
              </section>`
            }
            ${sections.map((section) => html`<section>${htmlBlocks([{ kind: 'section', ...section }], { level: 2, unfolded: true })}</section>`)}
          </main>
          <footer>
            Operation ${report.operation}. Written by Backstep from the workflow’s own journal. Times are UTC.
          </footer>
        </body>
      </html> `,
  );
}
