import { line, list, section, sentence, where } from '../../views/blocks.ts';
import type { Block } from '../../views/blocks.ts';
import { undoByHandTitle } from '../../views/by-hand.ts';
import { failedTitle, goesOnAs, outcomeOf, outcomeTitles } from '../../views/facts.ts';
import { html, htmlBlocks, htmlLine } from '../../views/render/html.ts';
import type { Html } from '../../views/render/html.ts';
import { runbooks } from './runbooks.ts';
import type { View } from './view.ts';

const sentences = (texts: readonly string[]) => texts.map(sentence);

/** How it ended, first of all what still needs a person. */
export function outcomeCard({ service, status, report }: View): Html | '' {
  const { end } = status ?? {};
  if (end === undefined) return '';
  if ('failure' in end) {
    const { message, next } = end.failure;
    return html`<div class="card">
      <h2>${failedTitle}</h2>
      <p class="message">${htmlLine(sentence(message))}</p>
      <p>${htmlLine(line`${{ strong: 'Next:' }} ${sentence(next)}`)}</p>
    </div>`;
  }
  const { result } = end;
  if ('continuesAs' in result) return html`<div class="card"><p>${goesOnAs(result)}</p></div>`;
  const { attention = [], toDo = [], byHand = [], relatedRunbooks = [] } = report ?? {};
  // The report's list begins with what needs a person.
  const rest = toDo.slice(attention.length);
  const blocks = [
    ...where<Block>(
      result.attention.length > 0,
      section('Needs a person', { kind: 'list', look: 'warnings', items: sentences(result.attention) }),
    ),
    ...where<Block>(
      byHand.length > 0,
      section(undoByHandTitle, { kind: 'code', language: 'sh', lines: byHand }),
    ),
    ...where(rest.length > 0, section('To do', list(sentences(rest)))),
  ];
  return html`<div class="card">
    <h2>${outcomeTitles[result.outcome]}</h2>
    <p>${outcomeOf(result).sentence}</p>
    <p class="message">${result.reason}</p>
    ${htmlBlocks(blocks)}
    ${report ? html`<p><a href="/rollbacks/${service}/report.html" download>Download the incident report</a></p>` : ''}
    ${result.report ? html`<p class="faint">Kept as <code>${result.report.markdown}</code></p>` : ''}
    ${runbooks(relatedRunbooks)}
  </div>`;
}
