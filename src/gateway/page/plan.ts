import { html } from './html.ts';
import { diagnosisInWords } from '../../views/diagnosis.ts';
import type { MigrationCode } from '../../domain/migration-code.ts';
import type { Revision } from '../../domain/plan/revision.ts';
import { release } from '../../views/gate-rollback.ts';
import { plannedWaysBack } from '../../views/ways-back.ts';
import { code, list, moment, more } from './parts.ts';
import type { Html } from './html.ts';
import { advice } from './proposal.ts';
import type { View } from './view.ts';
import { bytes, count } from '../../domain/text.ts';

const cut = ({ more: left }: MigrationCode) =>
  left === undefined
    ? ''
    : html`<p class="faint">
        ${count(left, 'character')} more; the whole of it is in the evidence beside the report, and in the
        image.
      </p>`;

/** A migration that is reverted: the SQL that ran on the copy, or until then the source of its downgrade. */
function reverted({ revision, message, path }: Revision, { plan, report }: View, open: boolean): Html {
  const of = (each: MigrationCode) => each.revision === revision;
  const { rehearsal } = report ?? {};
  const sql = rehearsal?.rehearsed ? rehearsal.sql?.find(of) : undefined;
  const source = plan?.observations.downgrades?.find(of);
  return more(
    `revert-${revision}`,
    html`<code>${revision}</code> ${message}`,
    html`<p class="faint">${path}</p>
      ${
        sql
          ? html`<p>SQL, as it ran on the copy:</p>
              ${sql.text === '' ? html`<p class="trouble">None: this downgrade does nothing.</p>` : code(sql.text)}${cut(sql)}`
          : source
            ? html`<p>Its source; the SQL is known once it was rehearsed:</p>
                ${code(source.text)}${cut(source)}`
            : html`<p>Its SQL is known once it was rehearsed.</p>`
      }`,
    open,
  );
}

/** Opened while they fit on a screen. */
const openUpTo = 2;

/** What was decided before anything was touched, with what was seen then. */
export function planCard(view: View): Html | '' {
  if (view.plan === null) return '';
  const { plan, observations, hash } = view.plan;
  const { reverts } = plan;
  const { diagnosis } = observations;
  return html`<div class="card">
    <h2>The plan</h2>
    <p>
      Database <strong>${plan.database.name}</strong> (${bytes(observations.databaseBytes)}),
      <code>${plan.from}</code> → <code>${plan.target}</code>${
        reverts.length === 0 ? '' : `; ${count(reverts.length, 'migration')} reverted`
      } <span class="faint">plan <code>${hash}</code></span>
    </p>
    ${reverts.map((revision) => reverted(revision, view, reverts.length <= openUpTo))}
    <h3>The release</h3>
    ${list(release(plan))}
    <h3>Ways back</h3>
    ${waysBack(view)}
    ${
      diagnosis
        ? html`<h3>What is wrong</h3>
            <p>${advice(diagnosis)}</p>
            ${list(diagnosisInWords(diagnosis).slice(1))}`
        : ''
    }
    ${observations.errors.length === 0 ? '' : more('errors', 'Last errors in the logs', code(observations.errors.join('\n')))}
    ${observations.notes.length === 0 ? '' : more('notes', count(observations.notes.length, 'note'), list(observations.notes))}
  </div>`;
}

function waysBack({ plan, report }: View): Html | '' {
  const made = report?.waysBack ?? [];
  if (made.length === 0) return plan === null ? '' : list(plannedWaysBack(plan.plan));
  return list(
    made.map(
      ({ what, from, until, olderThanWritesFrom }) =>
        html`${what}, since
        ${moment(from)}${until === undefined ? '' : html`, until ${moment(until)}`}${
          olderThanWritesFrom === undefined
            ? ''
            : html`; without what was written since ${moment(olderThanWritesFrom)}`
        }`,
    ),
  );
}
