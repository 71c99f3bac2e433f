import type { Context } from 'hono';
import type { ClientError } from '../../client.ts';
import type { Session } from '../people/session.ts';
import { html } from '../../views/render/html.ts';
import { page } from './layout.ts';

export const notFound = (context: Context, session: Session, service: string) =>
  context.html(
    page({
      title: 'Not found',
      session,
      body: html`<h1>No such service</h1>
        <p>
          Nothing defines “${service}”, and there was never a rollback of it. <a href="/">All services</a>
        </p>`,
    }),
    404,
  );

/** Temporal is away: the page comes again by itself. */
export const notNow = (context: Context, session: Session, { message, next }: ClientError) =>
  context.html(
    page({
      title: 'Backstep',
      session,
      reloadAfter: 10,
      body: html`<h1>Not now</h1>
        <p class="trouble" role="alert">${message} ${next}</p>
        <p><a href="">Try again</a></p>`,
    }),
    503,
  );
