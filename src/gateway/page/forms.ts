import { longestReason } from '../../domain/approval/statement.ts';
import { html } from '../../views/render/html.ts';
import type { Session } from '../people/session.ts';
import type { Verb } from '../people/statements.ts';
import type { Html } from '../../views/render/html.ts';

interface Asked {
  service: string;
  session: Session;
  verb: Verb;
  /** What the form says beside what a person types: the gate and the hash that were on the page, say. */
  says?: Record<string, string>;
  button: unknown;
  look?: 'primary' | 'danger' | 'plain' | 'quiet';
  /** Asks for the reason: `must` where it does not count without. */
  reason?: 'may' | 'must';
  /** Why the service's name must be typed; none: a press will do. */
  dangers?: readonly string[];
  /** Further fields. */
  fields?: unknown;
}

/**
 * One decision, which a browser can send without JavaScript. A text area, since Enter in a line of text would send
 * what was only being written.
 */
export function form(asked: Asked): Html {
  const { service, session, verb, says = {}, button, look = 'plain', reason, dangers = [], fields } = asked;
  const id = [verb, ...Object.values(says)].join('-').replaceAll(/[^\w-]/g, '-');
  return html`<form method="post" action="/rollbacks/${service}/${verb}" data-form="${id}">
    <input type="hidden" name="csrf" value="${session.csrf}" />
    ${Object.entries(says).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
    ${fields} ${reason === undefined ? '' : reasonField(id, reason)}
    ${dangers.length === 0 ? '' : confirmation(id, service, dangers)}
    <button class="${look}">${button}</button>
  </form>`;
}

const reasonField = (id: string, reason: 'may' | 'must'): Html =>
  html`<p class="field">
    <label for="${id}-reason"
      >Reason${reason === 'may' ? html` <span class="faint">(for the report)</span>` : ''}</label
    >
    <textarea
      id="${id}-reason"
      name="reason"
      rows="1"
      maxlength="${longestReason}"
      ${reason === 'must' ? 'required' : ''}
    ></textarea>
  </p>`;

const confirmation = (id: string, service: string, dangers: readonly string[]): Html =>
  html`<div class="dangers">
    <ul>
      ${dangers.map((danger) => html`<li>${danger}</li>`)}
    </ul>
    <p class="field">
      <label for="${id}-confirm">Type <strong>${service}</strong> to confirm</label>
      <input
        id="${id}-confirm"
        name="confirm"
        data-confirm="${service}"
        required
        autocomplete="off"
        autocapitalize="none"
        autocorrect="off"
        spellcheck="false"
      />
    </p>
  </div>`;
