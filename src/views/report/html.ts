import { timelineChart } from '../chart.ts';
import { Markup, markup } from '../markup.ts';
import { sectionsOf, titleOf } from './sections.ts';
import type { Block, Section } from './sections.ts';
import { reportStyle } from './style.ts';
import type { Report } from './report.ts';
import { duration } from '../../domain/text.ts';

/** Text between backticks is a command or a name. */
const inline = (text: string): Markup[] =>
  text.split('`').map((part, index) => (index % 2 === 1 ? markup`<code>${part}</code>` : markup`${part}`));

const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** Days and seconds as people read them; the exact moment stays with them. */
const when = (iso: string) => markup`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 19)}</time>`;

function cell(value: string | number | undefined): Markup {
  if (value === undefined) return markup`<td>–</td>`;
  if (typeof value === 'number') return markup`<td class="number">${value.toLocaleString('en')}</td>`;
  return markup`<td>${moment.test(value) ? when(value) : inline(value)}</td>`;
}

const none = (text: string) => markup`<p class="none">${text}</p>`;

/** Where a definition names a file beside itself, the report cannot lead there: it says the name. */
const link = ({ title, url }: { title: string; url: string }) =>
  /^https?:\/\//i.test(url)
    ? markup`<li><a href="${url}" rel="noreferrer">${title}</a></li>`
    : markup`<li>${title}: <code>${url}</code></li>`;

const task = (item: string) => markup`<tr><td>☐</td><td>${inline(item)}</td><td></td></tr>`;

function drawn(block: Block): Markup {
  switch (block.kind) {
    case 'list':
      if (block.items.length === 0) return none(block.none);
      return markup`<ul>${block.items.map((item) => markup`<li>${inline(item)}</li>`)}</ul>`;
    case 'table':
      if (block.rows.length === 0) return none(block.none);
      return markup`<div class="wide"><table><thead><tr>${block.head.map((name) => markup`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${block.rows.map((row) => markup`<tr>${row.map(cell)}</tr>\n`)}</tbody></table></div>`;
    case 'code':
      return markup`<pre><code>${block.lines.join('\n')}</code></pre>`;
    case 'tasks':
      return markup`<table class="tasks"><thead><tr><th scope="col">Done</th><th scope="col">What</th><th scope="col">Owner</th></tr></thead>
<tbody>${block.items.map(task)}</tbody></table>`;
    case 'links':
      return markup`<ul>${block.links.map(link)}</ul>`;
  }
  return block satisfies never;
}

const sectionMarkup = ({ title, blocks }: Section) =>
  markup`<section><h2>${title}</h2>${blocks.map(drawn)}</section>\n`;

const mood: Record<NonNullable<Report['outcome']>, string> = {
  'rolled-back': 'good',
  'nothing-to-do': 'good',
  restored: 'good',
  rejected: 'wait',
  'put-back': 'wait',
  aborted: 'bad',
};

const between = (from: string, until: string) => duration(Date.parse(until) - Date.parse(from));

/** What everybody asks first. */
function headline({ outcome, revision, writesStopped, startedAt, endedAt }: Report): Markup {
  const facts: [name: string, value: string | undefined, look?: string | undefined][] = [
    ['Outcome', outcome ?? 'under way', outcome && mood[outcome]],
    ['Revision', revision && `${revision.before} → ${revision.after ?? 'not known'}`],
    [
      'Writes stopped',
      writesStopped &&
        (writesStopped.until === undefined ? 'still' : between(writesStopped.from, writesStopped.until)),
      writesStopped?.until === undefined ? 'bad' : undefined,
    ],
    ['Took', startedAt && endedAt && between(startedAt, endedAt)],
  ];
  return markup`<dl>${facts.map(
    ([name, value, look = '']) =>
      value !== undefined && markup`<div><dt>${name}</dt><dd class="${look}">${value}</dd></div>`,
  )}</dl>`;
}

/**
 * The report as one HTML file that needs nothing else, no network and no script: for people who have no terminal,
 * with the timeline drawn.
 */
export function reportHtml(report: Report): string {
  const title = titleOf(report);
  const sections = sectionsOf(report);
  const urgent = report.attention.length > 0 ? sections.shift() : undefined;
  const chart = timelineChart(report);
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${new Markup(reportStyle)}</style>
</head>
<body>
<header><h1>${title}</h1><p>${report.reason ?? ''}</p></header>
<main>
${headline(report)}
${urgent && markup`<section class="attention"><h2>${urgent.title}</h2>${urgent.blocks.map(drawn)}</section>`}
${chart !== '' && markup`<section><h2>How it went</h2>${new Markup(chart)}</section>`}
${sections.map(sectionMarkup)}</main>
<footer>Operation ${report.operation}. Written by Backstep from the workflow’s own journal. Times are UTC.</footer>
</body>
</html>
`.text;
}
