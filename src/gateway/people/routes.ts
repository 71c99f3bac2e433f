import { Hono } from 'hono';
import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { csrf } from 'hono/csrf';
import type { GatewayDependencies } from '../dependencies.ts';
import { noLargerThan, requestLimit } from '../body.ts';
import type { Limits } from '../limits.ts';
import { pageHeaders } from '../page/routes.ts';
import { signInPage } from '../page/sign-in.ts';
import { Refusal } from '../refusal.ts';
import { NotSignedIn, signInWithin } from './oidc.ts';
import { ownPath } from './people.ts';

/** Carries the sign-in that was begun; also through the provider's redirect, which is a top-level GET. */
const carriedCookie = 'backstep-sign-in';

/** Browsers sign in, by the provider or by a token, and out. */
export function signInRoutes(dependencies: GatewayDependencies, limits: Limits): Hono {
  const { people, publicUrl, log } = dependencies;
  const app = new Hono();
  const secure = publicUrl.startsWith('https:');
  const redirectUri = `${publicUrl}/sign-in/callback`;
  app.use('/sign-in', pageHeaders, noLargerThan(requestLimit), csrf({ origin: new URL(publicUrl).origin }));
  app.use('/sign-in/*', pageHeaders);
  app.use('/sign-out', noLargerThan(requestLimit), csrf({ origin: new URL(publicUrl).origin }));

  const shown = (context: Context, status: 200 | 401 | 503, told: string | undefined, backTo: string) => {
    context.header('cache-control', 'no-store');
    const signIn = signInPage({
      back: backTo,
      problem: told,
      provider: people.oidc && { path: '/sign-in/oidc', name: 'your identity provider' },
      tokens: people.tokens && { path: '/sign-in' },
    });
    return context.html(signIn, status);
  };

  app.get('/sign-in', (context) => shown(context, 200, undefined, ownPath(context.req.query('back'))));

  app.post('/sign-in', async (context) => {
    const body = await context.req.parseBody();
    const backTo = ownPath(typeof body['back'] === 'string' ? body['back'] : undefined);
    const token = typeof body['token'] === 'string' ? body['token'].trim() : '';
    try {
      await limits.mayTry(context);
      const person = token === '' ? undefined : await people.personOf(token);
      if (person !== undefined) {
        await people.sessions.begin(context, person, token);
        return context.redirect(backTo, 303);
      }
      return await limits.guessed(context, new Refusal(401, 'This token is nobody’s.', 'Try again.'));
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) return shown(context, 401, error.message, backTo);
      throw error;
    }
  });

  app.get('/sign-in/oidc', async (context) => {
    if (people.oidc === undefined) return context.redirect('/sign-in', 303);
    const backTo = ownPath(context.req.query('back'));
    try {
      const { url, carried } = await people.oidc.begin(redirectUri, backTo);
      const options = {
        httpOnly: true,
        sameSite: 'Lax',
        secure,
        path: '/sign-in',
        maxAge: signInWithin,
      } as const;
      setCookie(context, carriedCookie, carried, options);
      return context.redirect(url, 303);
    } catch (error) {
      return notSignedIn(context, error, 503);
    }
  });

  app.get('/sign-in/callback', async (context) => {
    if (people.oidc === undefined) return context.redirect('/sign-in', 303);
    const answer = new URL(redirectUri);
    answer.search = new URL(context.req.url).search;
    const carried = getCookie(context, carriedCookie);
    // Used once, whatever comes of it.
    setCookie(context, carriedCookie, '', { httpOnly: true, secure, path: '/sign-in', maxAge: 0 });
    try {
      const { person, backTo } = await people.oidc.complete(answer, carried);
      await people.sessions.begin(context, person);
      log.info({ person: person.name, roles: person.roles }, 'signed in');
      return context.redirect(ownPath(backTo), 303);
    } catch (error) {
      return notSignedIn(context, error, 401);
    }
  });

  app.post('/sign-out', async (context) => {
    people.sessions.end(context);
    return context.redirect('/sign-in', 303);
  });

  const notSignedIn = (context: Context, error: unknown, status: 401 | 503) => {
    if (!(error instanceof NotSignedIn)) throw error;
    log.warn({ why: error.message }, 'nobody signed in');
    return shown(context, status, error.message, '/');
  };
  return app;
}
