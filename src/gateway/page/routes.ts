import { Hono } from 'hono';
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { csrf } from 'hono/csrf';
import { html } from '../../views/render/html.ts';
import { secureHeaders } from 'hono/secure-headers';
import { ClientError } from '../../client.ts';
import { serviceName } from '../../domain/names.ts';
import { reportHtml } from '../../views/report/documents.ts';
import type { GatewayDependencies } from '../dependencies.ts';
import type { Limits } from '../limits.ts';
import type { Session } from '../people/session.ts';
import { answer, isSessionForm, isVerb } from './answers.ts';
import { assets } from './assets.ts';
import { events } from './events.ts';
import { titleOf } from './headline.ts';
import { page } from './layout.ts';
import { notFound, notNow } from './missing.ts';
import { arranged } from './sections.ts';
import { serviceList, servicesOf } from './services.ts';
import { isOpen, look } from './view.ts';
import type { View } from './view.ts';
import { Watch } from './watch.ts';

/** Nothing but the gateway's own files; no inline script or style, no frame. Forms need the origin: same-origin. */
export const pageHeaders = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'"],
    connectSrc: ["'self'"],
    formAction: ["'self'"],
    baseUri: ["'none'"],
    frameAncestors: ["'none'"],
  },
  referrerPolicy: 'same-origin',
  xFrameOptions: 'DENY',
});

/** A reason of the greatest length, in any script, is three bytes a character, and each becomes three in a form. */
const formLimit = 32_768;
/** For one answer to be shown once, on the page to which the browser is sent after it. */
const saidCookie = 'backstep-said';

/** Without JavaScript: while it works the page loads itself again; while it asks it must not, somebody may be typing. */
const reloadAfter = (view: View) => {
  const { gate, hold } = view.status?.progress ?? {};
  return isOpen(view) && gate === undefined && hold === undefined ? 10 : undefined;
};

/** The page of the gateway, for people: server-rendered, whole without JavaScript, live with it. */
export function pages(dependencies: GatewayDependencies, limits: Limits): Hono {
  const app = new Hono();
  const watch = new Watch(dependencies.backstep);
  const origins = new Set([new URL(dependencies.publicUrl).origin]);

  for (const { path, type, body } of Object.values(assets))
    app.get(path, pageHeaders, (context) =>
      context.body(body, 200, {
        'content-type': type,
        'cache-control': 'public, max-age=31536000, immutable',
      }),
    );

  /** Throws 429 for whoever comes too often. Nothing is done for a stranger but to be sent to sign in. */
  const sessionOf = async (context: Context): Promise<Session | undefined> => {
    const session = await dependencies.people.sessions.read(context);
    if (session !== undefined) await limits.request(session.person.name);
    return session;
  };
  const signIn = (context: Context) =>
    context.redirect(dependencies.people.signInPath(context.req.path), 303);

  /** The page as it is now, with what became of a form above it. */
  const shown = (session: Session, view: View, told?: { text: string; bad: boolean }) => {
    const { service } = view;
    return page({
      title: titleOf(view),
      session,
      events: `/rollbacks/${service}/events`,
      reloadAfter: reloadAfter(view),
      body: html`${told ? html`<p class="said ${told.bad ? 'bad' : ''}" role="${told.bad ? 'alert' : 'status'}">${told.text}</p>` : ''}
      ${arranged(view, { session, now: dependencies.now() }, dependencies)}`,
    });
  };

  app.use('/', pageHeaders);
  app.use('/rollbacks/*', pageHeaders, async (context, next) => {
    await next();
    context.header('cache-control', 'no-store');
  });

  app.get('/', async (context) => {
    const session = await sessionOf(context);
    if (session === undefined) return signIn(context);
    const body = serviceList(await servicesOf(dependencies));
    context.header('cache-control', 'no-store');
    return context.html(page({ title: 'Backstep', session, reloadAfter: 30, body }));
  });

  app.get('/rollbacks/:service', async (context) => {
    const session = await sessionOf(context);
    if (session === undefined) return signIn(context);
    const service = context.req.param('service');
    if (!serviceName.safeParse(service).success) return notFound(context, session, service);
    try {
      const view = await look(dependencies.backstep, service);
      if (view.status === undefined && !(await dependencies.definitions.list()).includes(service))
        return notFound(context, session, service);
      const text = getCookie(context, saidCookie);
      if (text !== undefined) deleteCookie(context, saidCookie, { path: context.req.path });
      return context.html(shown(session, view, text === undefined ? undefined : { text, bad: false }));
    } catch (error) {
      if (error instanceof ClientError) return notNow(context, session, error);
      throw error;
    }
  });

  app.get('/rollbacks/:service/events', async (context) => {
    await sessionOf(context);
    return events(context, dependencies, watch);
  });

  app.get('/rollbacks/:service/report.html', async (context) => {
    const session = await sessionOf(context);
    if (session === undefined) return signIn(context);
    const service = context.req.param('service');
    if (!serviceName.safeParse(service).success) return notFound(context, session, service);
    try {
      const report = await dependencies.backstep.report(service);
      context.header(
        'content-disposition',
        `attachment; filename="${report.service}-${report.operation}.html"`,
      );
      return context.html(reportHtml(report));
    } catch (error) {
      if (error instanceof ClientError) return notNow(context, session, error);
      throw error;
    }
  });

  app.post(
    '/rollbacks/:service/:verb',
    bodyLimit({ maxSize: formLimit }),
    csrf({ origin: (origin, { req }) => origins.has(origin) || origin === new URL(req.url).origin }),
    async (context) => {
      const session = await sessionOf(context);
      const { service, verb } = context.req.param();
      if (session === undefined)
        return context.redirect(dependencies.people.signInPath(`/rollbacks/${service}`), 303);
      if (!serviceName.safeParse(service).success || !isVerb(verb))
        return notFound(context, session, service);
      const body = await context.req.parseBody();
      const answered = isSessionForm(session, body)
        ? await answer(dependencies, session, { service, verb, body })
        : ({
            refused: 'Nothing was sent: this form is of an earlier session. Press again.',
            status: 403,
          } as const);
      const path = `/rollbacks/${service}`;
      if ('said' in answered) {
        setCookie(context, saidCookie, answered.said, {
          path,
          httpOnly: true,
          secure: dependencies.publicUrl.startsWith('https:'),
          sameSite: 'Strict',
          maxAge: 30,
        });
        return context.redirect(path, 303);
      }
      try {
        const view = await look(dependencies.backstep, service);
        return context.html(shown(session, view, { text: answered.refused, bad: true }), answered.status);
      } catch (error) {
        if (error instanceof ClientError) return notNow(context, session, error);
        throw error;
      }
    },
  );
  return app;
}
