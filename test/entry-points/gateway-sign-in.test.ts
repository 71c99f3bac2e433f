import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import getPort from 'get-port';
import { SignJWT, generateKeyPair } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { oidcWith } from '../../src/gateway/people/oidc.ts';
import { peopleBy } from '../../src/gateway/people/people.ts';
import { sealFor } from '../../src/gateway/people/sealed.ts';
import { sessionsWith } from '../../src/gateway/people/session.ts';
import { parseTokens, tokensIn } from '../../src/gateway/people/tokens.ts';
import { lazily, post, served, sessionSecret } from '../gateway.ts';
import type { Served } from '../gateway.ts';
import { provider } from '../provider.ts';
import type { RunningProvider } from '../provider.ts';

const token = 'token-of-ann-0123456789';
const accounts = {
  ann: { email: 'ann@example.com', email_verified: true, roles: ['dba', 'oncall'] },
  bob: { email: 'ann@example.com', email_verified: false, roles: ['oncall'] },
  eve: { email: 'eve@example.com', email_verified: true, roles: ['sales'] },
};
let idp: RunningProvider;
let gateway: Served;
let directory: string;

beforeAll(async () => {
  const port = await getPort();
  directory = await mkdtemp(join(tmpdir(), 'backstep-sign-in-'));
  const file = join(directory, 'tokens');
  await writeFile(file, `ann dba ${createHash('sha256').update(token).digest('hex')}\n`);
  idp = await provider(`http://127.0.0.1:${port}/sign-in/callback`, accounts);
  const { issuer, clientId, clientSecret } = idp;
  const oidc = oidcWith(
    {
      issuer,
      clientId,
      clientSecret,
      name: 'email',
      roles: 'roles',
      requiredRole: 'oncall',
      audience: 'urn:backstep',
    },
    sealFor('sign-in', sessionSecret),
  );
  gateway = await served(
    {
      backstep: await lazily('127.0.0.1:1'),
      people: peopleBy(sessionsWith(sessionSecret, false), tokensIn(file), oidc),
    },
    port,
  );
});
afterAll(async () => {
  await gateway.close();
  await idp.close();
  await rm(directory, { recursive: true });
});

/** Cookies that an answer sets, as the browser sends them back; one that it takes away is not among them. */
const cookiesOf = (response: { headers: Headers }) =>
  response.headers
    .getSetCookie()
    .filter((cookie) => !/Max-Age=0/i.test(cookie))
    .map((cookie) => cookie.split(';', 1)[0])
    .join('; ');
const get = (path: string, cookie = '') =>
  fetch(new URL(path, gateway.url), { headers: { cookie }, redirect: 'manual' });
/** Whom a session is of: the home page names them. */
const shownTo = async (cookie: string) => (await get('/', cookie)).text();

/** From the gateway to the provider and back to the callback. */
async function throughProvider(login: string, back = '/rollbacks/radar') {
  const begun = await get(`/sign-in/oidc?back=${encodeURIComponent(back)}`);
  const carried = cookiesOf(begun);
  const callback = await idp.login(begun.headers.get('location') ?? '', login);
  return { carried, callback };
}

describe('by the identity provider', () => {
  test('somebody is let in under the verified address, with the roles, and comes back to where they were', async () => {
    const { carried, callback } = await throughProvider('ann');
    const back = await get(callback, carried);
    expect([back.status, back.headers.get('location')]).toEqual([303, '/rollbacks/radar']);
    const cookie = back.headers.getSetCookie().find((one) => one.startsWith('backstep='));
    expect(cookie).toMatch(/HttpOnly/i);
    expect(cookie).toMatch(/SameSite=Lax/i);
    const page = await shownTo(cookiesOf(back));
    expect(page).toContain('ann@example.com');
    expect(page).toContain('dba');
  });

  test('an address that the provider does not call verified is nobody’s name', async () => {
    const { carried, callback } = await throughProvider('bob');
    const page = await shownTo(cookiesOf(await get(callback, carried)));
    expect(page).toContain('>bob<');
    expect(page).not.toContain('ann@example.com');
  });

  test('whoever lacks the role is told so, and has no session', async () => {
    const { carried, callback } = await throughProvider('eve');
    const refused = await get(callback, carried);
    expect(refused.status).toBe(401);
    expect(cookiesOf(refused)).toBe('');
    expect(await refused.text()).toContain('eve@example.com does not have the role oncall');
  });

  test('an answer with another state, without the cookie, or used twice lets nobody in', async () => {
    const { carried, callback } = await throughProvider('ann');
    const forged = new URL(callback);
    forged.searchParams.set('state', 'another');
    for (const [url, cookie] of [
      [forged.href, carried],
      [callback, ''],
      [callback, 'backstep-sign-in=x.y.z'],
    ] as const) {
      const refused = await get(url, cookie);
      expect(refused.status).toBe(401);
      expect(cookiesOf(refused)).toBe('');
    }
    expect((await get(callback, carried)).status).toBe(303);
    expect((await get(callback, carried)).status).toBe(401);
    expect(JSON.stringify(gateway.logged)).not.toContain(forged.searchParams.get('code'));
  });

  test('a sign-in leads back to a path of ours only', async () => {
    for (const back of [
      'https://evil.example/',
      '//evil.example/',
      '/\\evil.example/',
      'javascript:alert(1)',
    ]) {
      const { carried, callback } = await throughProvider('ann', back);
      expect((await get(callback, carried)).headers.get('location')).toBe('/');
    }
  });

  test('a JWT of the provider for us is a person; one for others or signed by others is nobody', async () => {
    const whoIs = (jwt: string) => gateway.dependencies.people.personOf(jwt);
    const tool = { name: 'tool@example.com', roles: ['oncall'], method: 'oidc', issuer: idp.issuer };
    const authorization = `Bearer ${await idp.token('urn:backstep')}`;
    expect(await whoIs(authorization.slice('Bearer '.length))).toEqual(tool);
    expect(
      (await fetch(`${gateway.url}/api/rollbacks/radar`, { headers: { authorization } })).status,
    ).not.toBe(401);
    expect(await whoIs(await idp.token('urn:another'))).toBeUndefined();
    const { privateKey } = await generateKeyPair('RS256');
    const forged = await new SignJWT({ email: 'ann@example.com', email_verified: true, roles: ['oncall'] })
      .setProtectedHeader({ alg: 'RS256' })
      .setIssuer(idp.issuer)
      .setAudience('urn:backstep')
      .setSubject('ann')
      .setExpirationTime('1h')
      .sign(privateKey);
    expect(await whoIs(forged)).toBeUndefined();
  });
});

const origin = () => ({ origin: gateway.url, 'content-type': 'application/x-www-form-urlencoded' });
const form = (fields: Record<string, string>) => new URLSearchParams(fields).toString();

test('while the provider is away, tokens of their own still count; a JWT is answered with 503', async () => {
  const { issuer: _, ...rest } = idp;
  const names = { name: 'email', roles: 'roles' };
  const away = oidcWith(
    { ...rest, issuer: 'http://127.0.0.1:1', ...names },
    sealFor('sign-in', sessionSecret),
  );
  const other = await served({
    backstep: await lazily('127.0.0.1:1'),
    people: peopleBy(sessionsWith(sessionSecret, false), gateway.dependencies.people.tokens, away),
  });
  try {
    const look = (authorization: string) =>
      fetch(`${other.url}/api/rollbacks/radar`, { headers: { authorization } });
    const jwt = await look('Bearer a.b.c');
    expect([jwt.status, await jwt.text()]).toEqual([
      503,
      expect.stringMatching(/provider cannot be reached/),
    ]);
    expect(await (await look(`Bearer ${token}`)).text()).toMatch(/Temporal cannot be reached/);
    expect((await fetch(`${other.url}/sign-in/oidc`, { redirect: 'manual' })).status).toBe(503);
  } finally {
    await other.close();
  }
});

describe('by a token of their own', () => {
  test('somebody is let in, and out again', async () => {
    const signedIn = await post(
      `${gateway.url}/sign-in`,
      form({ token, back: '/rollbacks/radar' }),
      origin(),
    );
    expect([signedIn.status, signedIn.headers.get('location')]).toEqual([303, '/rollbacks/radar']);
    expect(await shownTo(cookiesOf(signedIn))).toContain('>ann<');
    const out = await post(`${gateway.url}/sign-out`, '', { ...origin(), cookie: cookiesOf(signedIn) });
    expect(out.headers.getSetCookie().join()).toMatch(/backstep=;.*Max-Age=0/i);
  });

  test('a wrong one is told so; what comes from another site is refused', async () => {
    const wrong = await post(`${gateway.url}/sign-in`, form({ token: 'nobody', back: '/' }), origin());
    expect(wrong.status).toBe(401);
    expect(wrong.body).toContain('nobody’s');
    const elsewhere = { ...origin(), origin: 'https://evil.example' };
    expect((await post(`${gateway.url}/sign-in`, form({ token }), elsewhere)).status).toBe(403);
    expect((await post(`${gateway.url}/sign-out`, '', elsewhere)).status).toBe(403);
  });

  test('a session counts at the API only from our own pages, a token from anywhere', async () => {
    const cookie = cookiesOf(await post(`${gateway.url}/sign-in`, form({ token, back: '/' }), origin()));
    const acknowledge = (headers: Record<string, string>) =>
      post(`${gateway.url}/api/rollbacks/radar/acknowledge`, {}, headers);
    expect((await acknowledge({ cookie })).status).toBe(403);
    expect((await acknowledge({ cookie, origin: 'https://evil.example' })).status).toBe(403);
    // Let through: only then it turns out that Temporal is away.
    const authorization = `Bearer ${token}`;
    const through = [
      { cookie, origin: gateway.url },
      { authorization, origin: 'https://evil.example' },
    ];
    for (const { status } of await Promise.all(through.map(acknowledge))) expect(status).toBe(503);
    expect((await acknowledge({ authorization: 'Bearer wrong', cookie, origin: gateway.url })).status).toBe(
      401,
    );
  });

  test('the file is refused line by line, and no line is repeated in what is said', () => {
    const hash = 'a'.repeat(64);
    expect(parseTokens(`# a\n\nann dba,sre ${hash}\nbob - ${hash}\n`, 't')).toMatchObject([
      { name: 'ann', roles: ['dba', 'sre'] },
      { name: 'bob', roles: [] },
    ]);
    const faults = () => parseTokens(`ann dba secret-in-clear\nbob - ${hash} more\n`, 't');
    expect(faults).toThrow(/^t:1: must be .*; t:2: must be [^;]*$/);
    expect(faults).not.toThrow(/secret-in-clear/);
  });
});
