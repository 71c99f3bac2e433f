import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { oidcWith } from '../../src/gateway/people/oidc.ts';
import { peopleBy } from '../../src/gateway/people/people.ts';
import type { Person } from '../../src/gateway/people/person.ts';
import { sealFor } from '../../src/gateway/people/sealed.ts';
import { sessionsWith } from '../../src/gateway/people/session.ts';
import type { Tokens } from '../../src/gateway/people/tokens.ts';
import { sha256Of } from '../../src/gateway/people/tokens.ts';
import { lazily, post, served, sessionSecret } from '../gateway.ts';
import type { Served } from '../gateway.ts';

const right = 'token-of-ann-0123456789';
const ann: Person = { name: 'ann', roles: [], method: 'token' };
const open: Served[] = [];
afterAll(() => Promise.all(open.map((one) => one.close())));

/** A gateway that counts how many tokens it has looked at. */
async function counting(limits: { failures: number; requests: number }, proxies = 0) {
  const looked: string[] = [];
  const tokens: Tokens = {
    personOf: async (token) => {
      looked.push(token);
      return token === right ? ann : undefined;
    },
    personBy: async (sha256) => (sha256 === sha256Of(right) ? ann : undefined),
  };
  const gateway = await served({
    backstep: await lazily('127.0.0.1:1'),
    people: peopleBy(sessionsWith(sessionSecret, false), tokens),
    limits: { alerts: 100, ...limits },
    proxies,
  });
  open.push(gateway);
  const { url } = gateway;
  const bearer = async (token: string, headers: Record<string, string> = {}) =>
    (
      await fetch(`${url}/api/rollbacks/radar`, {
        headers: { authorization: `Bearer ${token}`, ...headers },
      })
    ).status;
  const signIn = (token: string) =>
    post(`${url}/sign-in`, new URLSearchParams({ token, back: '/' }).toString(), {
      origin: url,
      'content-type': 'application/x-www-form-urlencoded',
    });
  const cookieFor = async (token: string) =>
    (await signIn(token)).headers.getSetCookie()[0]?.split(';')[0] ?? '';
  return { url, looked, bearer, signIn, cookieFor };
}

test('after some wrong tokens none of that address is looked at, at the API or at the page; a session still counts', async () => {
  const { url, looked, bearer, signIn, cookieFor } = await counting({ failures: 3, requests: 100 });
  const cookie = await cookieFor(right);
  const statuses = [await bearer('wrong'), (await signIn('wrong')).status, await bearer('wrong')];
  expect(statuses).toEqual([401, 401, 401]);
  looked.length = 0;
  expect([await bearer('wrong'), (await signIn('wrong')).status]).toEqual([429, 429]);
  expect([await bearer(right), (await signIn(right)).status]).toEqual([429, 429]);
  expect(looked).toEqual([]);
  const byCookie = await fetch(`${url}/api/rollbacks/radar`, { headers: { cookie } });
  expect(byCookie.status, 'Temporal is away').toBe(503);
});

const from = (address: string) => ({ 'x-forwarded-for': address });

test('behind a proxy whoever guesses holds nobody else up, and cannot choose an address', async () => {
  const { bearer } = await counting({ failures: 2, requests: 100 }, 1);
  for (const made of ['1.1.1.1', '2.2.2.2']) await bearer('wrong', from(`${made}, 203.0.113.7`));
  expect(await bearer(right, from('3.3.3.3, 203.0.113.7'))).toBe(429);
  expect(await bearer(right, from('203.0.113.8'))).toBe(503);
  const direct = await counting({ failures: 2, requests: 100 });
  for (const made of ['1.1.1.1', '2.2.2.2']) await direct.bearer('wrong', from(made));
  expect(await direct.bearer(right, from('3.3.3.3')), 'without a proxy the header is anybody’s').toBe(429);
});

test('the pages and forms of one person are limited as requests are', async () => {
  const { url, cookieFor } = await counting({ failures: 3, requests: 2 });
  const cookie = await cookieFor(right);
  const look = async (path: string) => (await fetch(`${url}${path}`, { headers: { cookie } })).status;
  expect([await look('/'), await look('/rollbacks/radar')]).not.toContain(429);
  for (const path of ['/', '/rollbacks/radar', '/rollbacks/radar/events', '/rollbacks/radar/report.html'])
    expect(await look(path)).toBe(429);
  const answer = await fetch(`${url}/rollbacks/radar/approve`, {
    method: 'POST',
    body: new URLSearchParams({ csrf: 'x' }),
    headers: { cookie, origin: url },
  });
  expect(answer.status).toBe(429);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
});

test('while the provider is away it is looked for once in ten seconds, whoever sends a JWT', async () => {
  let asked = 0;
  const away = createServer((_request, answer) => {
    asked += 1;
    answer.writeHead(500).end();
  });
  await new Promise<void>((resolve) => away.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(away.address() as AddressInfo).port}`;
  let now = 1_000_000;
  const settings = { issuer, clientId: 'c', clientSecret: 's', name: 'email', roles: 'roles' };
  const oidc = oidcWith(settings, sealFor('sign-in', sessionSecret), () => now);
  for (let time = 0; time < 5; time += 1)
    await expect(oidc.personOf('a.b.c')).rejects.toThrow('cannot be reached');
  const once = asked;
  expect(once).toBeGreaterThan(0);
  now += 9_000;
  await expect(oidc.personOf('a.b.c')).rejects.toThrow('cannot be reached');
  expect(asked).toBe(once);
  now += 1_000;
  await expect(oidc.personOf('a.b.c')).rejects.toThrow('cannot be reached');
  expect(asked).toBe(2 * once);
  away.close();
});
