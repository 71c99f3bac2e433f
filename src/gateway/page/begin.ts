import { actionForm, fold, html } from '../../views/render/html.ts';
import type { Session } from '../people/session.ts';
import type { Html } from '../../views/render/html.ts';
import { starting } from '../../views/facts.ts';
import { isOpen } from './view.ts';
import type { View } from './view.ts';

/** Where nothing is open: a rollback can be begun. */
export function begin(view: View, session: Session): Html | '' {
  if (isOpen(view)) return '';
  const { service, status } = view;
  const begins = starting('rollback');
  const body = html`<p>${begins.consequence}</p>
    ${actionForm(
      {
        service,
        verb: 'start',
        ...begins,
        tone: 'danger',
        reason: 'may',
      },
      session.csrf,
      html`<p class="field">
        <label for="target">Target</label>
        <input
          id="target"
          name="target"
          value="-1"
          required
          autocomplete="off"
          autocapitalize="none"
          spellcheck="false"
          aria-describedby="target-help"
        />
        <span id="target-help" class="faint">-1: one migration back; a revision such as 0004; or base</span>
      </p>`,
    )}`;
  const title = 'Start a rollback';
  return html`<div class="card">
    ${
      status === undefined
        ? html`<h2>${title}</h2>
            ${body}`
        : fold('begin', title, body)
    }
  </div>`;
}
