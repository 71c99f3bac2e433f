import { html } from '../../views/render/html.ts';
import type { Html } from '../../views/render/html.ts';

const isLink = (url: string): boolean => /^https?:\/\//i.test(url);

/** The runbooks that the definition names; one that is no web address (a file of a wiki, say) is named only. */
export const runbooks = (related: readonly { title: string; url: string }[]): Html | '' =>
  related.length === 0
    ? ''
    : html`<p>
        Related runbooks:
        ${related.map(
          ({ title, url }, index) =>
            html`${index > 0 ? ', ' : ''}${isLink(url) ? html`<a href="${url}" rel="noreferrer">${title}</a>` : html`${title} <span class="faint">(${url})</span>`}`,
        )}
      </p>`;
