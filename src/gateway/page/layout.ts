import { html } from '../../views/render/html.ts';
import type { Session } from '../people/session.ts';
import { assets } from './assets.ts';
import type { Html } from '../../views/render/html.ts';

interface Layout {
  title: string;
  session?: Session | undefined;
  /** Where news of this page come from, with JavaScript. */
  events?: string;
  /** Without JavaScript the page loads itself again after so many seconds. */
  reloadAfter?: number | undefined;
  body: unknown;
}

/** The frame of every page. */
export const page = ({ title, session, events, reloadAfter, body }: Layout): Html =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>${title}</title>
        <link rel="icon" href="${assets.icon.path}" type="image/svg+xml" />
        <link rel="stylesheet" href="${assets.style.path}" />
        ${reloadAfter === undefined ? '' : html`<noscript><meta http-equiv="refresh" content="${reloadAfter}" /></noscript>`}
        <script src="${assets.script.path}" defer></script>
      </head>
      <body ${events === undefined ? '' : html`data-events="${events}"`}>
        <a class="skip" href="#main">Skip to the contents</a>
        <header>
          <a class="home" href="/">Backstep</a>
          <span id="live" role="status"></span>
          ${session === undefined ? '' : signedIn(session)}
        </header>
        <main id="main">${body}</main>
      </body>
    </html>`;

const signedIn = ({ person, csrf }: Session): Html =>
  html`<form class="person" method="post" action="/sign-out">
    <input type="hidden" name="csrf" value="${csrf}" />
    <span title="${person.roles.length > 0 ? `Roles: ${person.roles.join(', ')}` : 'No roles'}"
      >${person.name}</span
    >
    <button class="quiet">Sign out</button>
  </form>`;
