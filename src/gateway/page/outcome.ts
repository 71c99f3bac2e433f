import { html } from '../../views/render/html.ts';
import { outcomeOf } from '../../views/facts.ts';
import { runbooks } from './runbooks.ts';
import { code, inline, list } from './parts.ts';
import type { Html } from '../../views/render/html.ts';
import type { View } from './view.ts';

/** How it ended, first of all what still needs a person. */
export function outcomeCard({ service, status, report }: View): Html | '' {
  const { end } = status ?? {};
  if (end === undefined) return '';
  if ('failure' in end)
    return html`<div class="card">
      <h2>It ended without an outcome</h2>
      <p class="message">${inline(end.failure.message)}</p>
      <p><strong>Next:</strong> ${inline(end.failure.next)}</p>
    </div>`;
  const { result } = end;
  if ('continuesAs' in result)
    return html`<div class="card"><p>It goes on as ${result.continuesAs}. ${result.said}</p></div>`;
  const todo = report?.toDo.filter((line) => !result.attention.includes(line)) ?? [];
  return html`<div class="card">
    <h2>${result.outcome.replaceAll('-', ' ')}</h2>
    <p>${outcomeOf(result).sentence}</p>
    <p class="message">${result.reason}</p>
    ${
      result.attention.length > 0
        ? html`<h3>Needs a person</h3>
            ${list(result.attention.map(inline), 'warnings')}`
        : ''
    }
    ${
      report?.byHand.length
        ? html`<h3>To undo the freeze by hand</h3>
            ${code(report.byHand.join('\n'))}`
        : ''
    }
    ${
      todo.length > 0
        ? html`<h3>To do</h3>
            ${list(todo.map(inline))}`
        : ''
    }
    ${report ? html`<p><a href="/rollbacks/${service}/report.html" download>Download the incident report</a></p>` : ''}
    ${result.report ? html`<p class="faint">Kept as <code>${result.report.markdown}</code></p>` : ''}
    ${runbooks(report?.relatedRunbooks ?? [])}
  </div>`;
}
