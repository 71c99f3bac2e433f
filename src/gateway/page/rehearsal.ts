import { html } from './html.ts';
import type { DataDiff } from '../../domain/data-diff.ts';
import { tableInWords } from '../../domain/data-diff.ts';
import { lossTableInWords } from '../../domain/plan/point-in-time.ts';
import type { Loss, Rehearsed } from '../../domain/rehearsal.ts';
import type { Salvage } from '../../domain/salvage.ts';
import { code, list, more } from './parts.ts';
import type { Html } from './html.ts';
import { table } from './table.ts';
import type { View } from './view.ts';
import { bytes, count, duration } from '../../domain/text.ts';

const kinds: Record<Loss['kind'], string> = {
  table: 'Table dropped',
  column: 'Column dropped',
  rows: 'Rows gone',
  values: 'Values changed',
  'large objects': 'Large objects gone',
};

const isSame = (one: Loss, other: Loss) => one.kind === other.kind && one.object === other.object;

/** The data diff: every object, with whether it is kept. */
function dataDiff(losses: readonly Loss[], salvage: Salvage | undefined): Html {
  const fate = (loss: Loss) =>
    salvage === undefined
      ? ''
      : salvage.lost.some((lost) => isSame(lost, loss))
        ? html`<span class="badge bad">lost</span>`
        : html`<span class="badge good">kept</span>`;
  return table(
    'What the downgrade destroys',
    [
      { head: 'Object', of: ({ object }) => html`<code>${object}</code>` },
      { head: '', of: fate },
      { head: 'What', of: ({ kind }) => kinds[kind] },
      { head: 'Rows', of: ({ rows }) => rows },
      { head: 'Values', of: ({ values }) => values },
      { head: 'Written since', of: ({ writtenSince }) => writtenSince },
    ],
    losses,
  );
}

function rehearsed(
  { seconds, losses, warnings, changes, locks }: Rehearsed,
  salvage: Salvage | undefined,
): Html {
  return html`<p>The downgrade worked on a copy of this database, in ${duration(seconds * 1_000)}.</p>
    ${list(
      warnings.map((warning) => html`<strong>Warning:</strong> ${warning}`),
      'warnings',
    )}
    <h3>What it destroys</h3>
    ${losses.length === 0 ? html`<p>Nothing.</p>` : dataDiff(losses, salvage)}
    ${salvage ? salvaged(salvage) : ''}
    ${changes.length === 0 ? '' : more('changes', `${count(changes.length, 'change')} of the schema`, list(changes))}
    ${locks.length === 0 ? '' : more('locks', count(locks.length, 'lock'), list(locks.map(({ relation, mode }) => html`<code>${relation}</code> ${mode}`)))}`;
}

const salvaged = ({ kept, notes }: Salvage): Html =>
  html`${
    kept
      ? html`<p>
            Kept before the downgrade, as an SQL script of ${bytes(kept.bytes)}:
            <code>${kept.file}</code> (${kept.store}). It puts everything back by:
          </p>
          ${code(kept.putBack)}`
      : ''
  }${list(notes)}`;

const counts = ({ tables, lostRows, equal }: DataDiff): Html =>
  html`<p>${count(lostRows, 'row')} would be lost; ${count(equal, 'table')} equal.</p>
    ${list(tables.map(tableInWords))}`;

/** What was tried before the database moves, and what moving destroys. */
export function rehearsalCard({ report }: View): Html | '' {
  const { rehearsal, salvage, emergency, newer, moment } = report ?? {};
  const restoring = emergency?.dataDiff ?? newer;
  const instance = moment?.compared;
  if (rehearsal === undefined && restoring === undefined && instance === undefined) return '';
  return html`<div class="card">
    <h2>${rehearsal ? 'The rehearsal' : 'What the restored database does not hold'}</h2>
    ${rehearsal && (rehearsal.rehearsed ? rehearsed(rehearsal, salvage) : html`<p>Not rehearsed: ${rehearsal.why}</p>`)}
    ${restoring && counts(restoring)}
    ${
      instance &&
      html`<p>${count(instance.equal, 'table')} without a difference.</p>
        ${list(instance.tables.map(lossTableInWords))}`
    }
  </div>`;
}
