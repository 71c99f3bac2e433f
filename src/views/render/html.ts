import { html as template } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import { longestReason } from '../../domain/approval/statement.ts';
import { inlines, plain, signs, timePhrase } from '../blocks.ts';
import type { Action, Block, Inline, Section, StepLine, Text } from '../blocks.ts';

/** Markup in which everything that was put in is escaped. */
export type Html = HtmlEscapedString;

/** Hono's own template. It answers with a promise only where it is given one, and here it never is. */
export const html = (strings: TemplateStringsArray, ...values: unknown[]): Html =>
  template(strings, ...values) as Html;

/** Where a URL leads on the web; a file beside a definition, or what a browser would run, is only named. */
const leadsSomewhere = (url: string): boolean => /^https?:\/\//i.test(url);

/** The browser goes on counting `data-since` and `data-until`. */
function time(part: Extract<Inline, { time: string }>, now: number | undefined): Html {
  const [before, shown, after] = timePhrase(part, now);
  const { time: iso, as } = part;
  if (now === undefined || as === undefined || as === 'day')
    return html`${before}<time datetime="${iso}" title="${iso}">${shown}</time>`;
  return as === 'since'
    ? html`${before}<time data-since="${iso}">${shown}</time>`
    : html`${before}<time data-until="${iso}">${shown}</time>${after}`;
}

const inline =
  (now: number | undefined) =>
  (part: Inline): Html | string => {
    if (typeof part === 'string') return part;
    if ('code' in part) return html`<code>${part.code}</code>`;
    if ('strong' in part) return html`<strong>${part.strong}</strong>`;
    if ('faint' in part) return html`<span class="faint">${part.faint}</span>`;
    if ('badge' in part) return html`<span class="badge ${part.mood}">${part.badge}</span>`;
    if ('time' in part) return time(part, now);
    if ('link' in part)
      return leadsSomewhere(part.url)
        ? html`<a href="${part.url}" rel="noreferrer">${part.link}</a>`
        : html`${part.link} (<code>${part.url}</code>)`;
    return plain(part);
  };

/** A line of text; `now` in milliseconds where its clocks go. */
export const htmlLine = (text: Text, now?: number): Html => html`${inlines(text).map(inline(now))}`;

const isNumber = (text: Text | undefined) =>
  typeof text === 'object' && !Array.isArray(text) && 'number' in text;
const isEmpty = (text: Text | undefined) => text === undefined || text === '';

/** A column that is empty in every row is left out, for a phone is narrow. Scrolls by itself, by keyboard too. */
function table({ head, rows, label }: Extract<Block, { kind: 'table' }>, now: number | undefined): Html {
  const used = head.map((_name, index) => index).filter((index) => rows.some((row) => !isEmpty(row[index])));
  const kind = (index: number) => (rows.some((row) => isNumber(row[index])) ? 'number' : '');
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${label ?? head.join(', ')}">
    <table>
      <thead>
        <tr>
          ${used.map((index) => html`<th scope="col" class="${kind(index)}">${head[index]}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${used.map((index) => html`<td class="${kind(index)}">${htmlLine(row[index] ?? '–', now)}</td>`)}
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`;
}

const step =
  (now: number | undefined) =>
  (line: StepLine): Html => {
    const { state, name, time: took = '', says, notes = [] } = line;
    const [sign, words] = signs[state];
    return html`<li class="${state}">
      <span class="sign" aria-hidden="true">${sign}</span>
      <span class="name">${name}<span class="unseen">: ${words}</span></span>
      <span class="took">${htmlLine(took, now)}</span>
      ${says === undefined ? '' : html`<span class="summary">${htmlLine(says, now)}</span>`}
      ${
        notes.length === 0
          ? ''
          : html`<ul class="summary">
              ${notes.map((note) => html`<li>${note}</li>`)}
            </ul>`
      }
    </li>`;
  };

const none = (text: string | undefined) => (text === undefined ? '' : html`<p class="faint">${text}</p>`);

interface Drawing {
  /** Milliseconds since the epoch, where clocks go; without it times are those of the day. */
  now?: number | undefined;
  /** Of the headings of sections: 2 or 3. */
  level?: number;
  /** Nothing is closed at first: on paper nobody opens it. */
  unfolded?: boolean;
}

function drawn(block: Block, drawing: Drawing): Html | '' {
  const { now } = drawing;
  switch (block.kind) {
    case 'text':
      return html`<p class="${block.look ?? ''}">${htmlLine(block.text, now)}</p>`;
    case 'list':
      if (block.items.length === 0) return none(block.none);
      return html`<ul class="${block.look ?? ''}">
        ${block.items.map((item) => html`<li>${htmlLine(item, now)}</li>`)}
      </ul>`;
    case 'table':
      return block.rows.length === 0 ? none(block.none) : table(block, now);
    case 'code':
      return html`<pre tabindex="0"><code>${block.lines.join('\n')}</code></pre>`;
    case 'tasks':
      return html`<table class="tasks">
        <thead>
          <tr>
            <th scope="col">Done</th>
            <th scope="col">What</th>
            <th scope="col">Owner</th>
          </tr>
        </thead>
        <tbody>
          ${block.items.map(
            (item) =>
              html`<tr>
                <td>☐</td>
                <td>${htmlLine(item, now)}</td>
                <td></td>
              </tr>`,
          )}
        </tbody>
      </table>`;
    case 'facts':
      return html`<dl>
        ${block.facts.map(
          ([name, value]) =>
            html`<dt>${name}</dt>
              <dd>${htmlLine(value, now)}</dd>`,
        )}
      </dl>`;
    case 'steps':
      return html`<ol class="steps">
        ${block.steps.map(step(now))}
      </ol>`;
    case 'section':
      return section(block, drawing);
  }
  return block satisfies never;
}

function section({ title, blocks, folded, open }: Section, drawing: Drawing): Html {
  const { now, level = 3, unfolded } = drawing;
  if (folded !== undefined && !unfolded)
    return fold(folded, htmlLine(title, now), htmlBlocks(blocks, drawing), open);
  const heading = level < 3 ? html`<h2>${htmlLine(title, now)}</h2>` : html`<h3>${htmlLine(title, now)}</h3>`;
  return html`${heading}${htmlBlocks(blocks, { ...drawing, level: 3 })}`;
}

/** Something longer, closed at first unless `open`; `key` keeps it as the reader left it when its part of the page is replaced. */
export function fold(key: string, summary: unknown, body: unknown, open = false): Html {
  const inside = html`
    <summary>${summary}</summary>
    ${body}
  `;
  return open
    ? html`<details data-key="${key}" open>${inside}</details>`
    : html`<details data-key="${key}">${inside}</details>`;
}

/** Blocks as HTML. */
export const htmlBlocks = (blocks: readonly Block[], drawing: Drawing = {}): Html =>
  html`${blocks.map((block) => drawn(block, drawing))}`;

/** A section of its own on a page. */
export const card = (title: Text, blocks: readonly Block[], now?: number): Html =>
  html`<div class="card">
    <h2>${htmlLine(title, now)}</h2>
    ${htmlBlocks(blocks, { now })}
  </div>`;

/** What a form sends besides what a person types: the gate and the hash that were on the page, say. */
function sent(action: Action): Record<string, string> {
  switch (action.verb) {
    case 'approve':
    case 'reject':
      return {
        gate: action.gate,
        plan: action.hash,
        ...(action.breakGlass && { breakGlass: 'yes' }),
      };
    case 'decide':
      return { hold: action.hold, decision: action.decision };
    default:
      return {};
  }
}

/**
 * An action as a form that a browser can send without JavaScript. The reason is a text area, since Enter in a line of
 * text would send what was only being written.
 *
 * @param csrf the session's own word, which another site cannot know
 * @param fields further ones
 */
export function actionForm(action: Action, csrf: string, fields: unknown = ''): Html {
  const { service, verb, label, tone = '', reason, dangers } = action;
  const says = sent(action);
  const id = [verb, ...Object.values(says)].join('-').replaceAll(/[^\w-]/g, '-');
  return html`<form method="post" action="/rollbacks/${service}/${verb}" data-form="${id}">
    <input type="hidden" name="csrf" value="${csrf}" />
    ${Object.entries(says).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
    ${fields} ${reason === undefined ? '' : reasonField(id, reason)}
    ${dangers.length === 0 ? '' : confirmation(id, service, dangers)}
    <button class="${tone}">${label}</button>
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
