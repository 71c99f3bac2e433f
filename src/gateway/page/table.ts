import { html } from './html.ts';
import type { Html } from './html.ts';

interface Column<Row> {
  head: string;
  /** Empty in every row: the column is left out, for a phone is narrow. */
  of: (row: Row) => Html | string | number | undefined;
}

const isEmpty = (cell: unknown) => cell === undefined || cell === '';

const shown = (cell: Html | string | number | undefined): Html =>
  typeof cell === 'number'
    ? html`<td class="number">${cell.toLocaleString('en')}</td>`
    : html`<td>${cell}</td>`;

/** Scrolls by itself where it is too wide, by keyboard too. */
export function table<Row>(label: string, columns: readonly Column<Row>[], rows: readonly Row[]): Html {
  const used = columns.filter(({ of }) => rows.some((row) => !isEmpty(of(row))));
  const isNumber = ({ of }: Column<Row>) => rows.some((row) => typeof of(row) === 'number');
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${label}">
    <table>
      <thead>
        <tr>
          ${used.map((column) => html`<th class="${isNumber(column) ? 'number' : ''}">${column.head}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${used.map(({ of }) => shown(of(row)))}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
