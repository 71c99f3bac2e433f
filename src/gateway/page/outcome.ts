import { html } from './html.ts';
import { outcomes } from '../../domain/journal/outcome.ts';
import type { Report } from '../../views/report/report.ts';
import { runbooks } from './runbooks.ts';
import { code, inline, list, moment, more } from './parts.ts';
import type { Html } from './html.ts';
import { table } from './table.ts';
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
    <p>${outcomes[result.outcome]}</p>
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

const proofs = (proof: string) => proof.replaceAll('-', ' ');

/** Who decided what and how each was proved; what the rows say; what nobody verified. */
export function recordCard({ report }: View): Html | '' {
  if (report === undefined) return '';
  const { decisions, rows, notVerified, ignored } = report;
  if (decisions.length + rows.length + notVerified.length + ignored.length === 0) return '';
  return html`<div class="card">
    <h2>For the record</h2>
    ${
      decisions.length === 0
        ? ''
        : html`<h3>Decisions</h3>
            ${list(
              decisions.map(
                ({ at, what, by, proof, reason }) =>
                  html`${moment(at)} <strong>${by}</strong> ${what}
                    <span class="faint">(${proofs(proof)})</span
                    >${reason === undefined ? '' : `: ${reason}`}`,
              ),
            )}`
    }
    ${rows.length === 0 ? '' : more('rows', 'Rows by table', rowTable(rows))}
    ${notVerified.length === 0 ? '' : more('not-verified', `Not verified, ${notVerified.length}`, list(notVerified))}
    ${
      ignored.length === 0
        ? ''
        : more(
            'ignored',
            `Counted for nothing, ${ignored.length}`,
            list(ignored.map(({ at, message, by, why }) => html`${moment(at)} ${message} by ${by}: ${why}`)),
          )
    }
  </div>`;
}

const rowTable = (rows: Report['rows']): Html =>
  table(
    'Rows by table',
    [
      { head: 'Table', of: ({ table: name }) => html`<code>${name}</code>` },
      { head: 'After the stop', of: ({ afterStop }) => afterStop },
      { head: 'At the end', of: ({ atEnd }) => atEnd },
      { head: '', of: ({ difference }) => difference },
    ],
    rows,
  );
