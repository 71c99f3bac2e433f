import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Hono } from 'hono';
import type { Context } from 'hono';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { peopleBy } from '../../src/gateway/people/people.ts';
import type { Person } from '../../src/gateway/people/person.ts';
import { sealFor } from '../../src/gateway/people/sealed.ts';
import { sessionsWith } from '../../src/gateway/people/session.ts';
import { tokensIn } from '../../src/gateway/people/tokens.ts';
import { lazily, post, served, sessionSecret } from '../gateway.ts';
import type { Served } from '../gateway.ts';

let gateway: Served;
let directory: string;
let file: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'backstep-session-'));
  file = join(directory, 'tokens');
  await writeFile(file, '# nobody yet\n');
  gateway = await served({
    backstep: await lazily('127.0.0.1:1'),
    people: peopleBy(sessionsWith(sessionSecret, false), tokensIn(file)),
  });
});
afterAll(async () => {
  await gateway.close();
  await rm(directory, { recursive: true });
});

const cookieOf = ({ headers }: { headers: Headers }) => headers.getSetCookie()[0]?.split(';')[0] ?? '';
const get = (path: string, cookie: string) =>
  fetch(new URL(path, gateway.url), { headers: { cookie }, redirect: 'manual' });
const form = (fields: Record<string, string>) => new URLSearchParams(fields).toString();
const origin = () => ({ origin: gateway.url, 'content-type': 'application/x-www-form-urlencoded' });
const shown = (cookie: string) => get('/', `backstep=${cookie}`).then(({ status }) => status);

describe('a session', () => {
  const person = { name: 'ann', roles: [], method: 'oidc' } as const;

  test('that a token began ends when its line is taken out of the file, and has the roles that stand there', async () => {
    const joes = 'token-of-joe-0123456789';
    const line = (roles: string) => `joe ${roles} ${createHash('sha256').update(joes).digest('hex')}\n`;
    const before = await readFile(file, 'utf8');
    await writeFile(file, before + line('sre'));
    const signedIn = await post(`${gateway.url}/sign-in`, form({ token: joes, back: '/' }), origin());
    const cookie = cookieOf(signedIn);
    expect(await (await get('/', cookie)).text()).toContain('>joe<');
    const context = { req: { raw: { headers: new Headers({ cookie }) } } } as unknown as Context;
    await writeFile(file, before + line('dba'));
    expect((await gateway.dependencies.people.sessions.read(context))?.person.roles).toEqual(['dba']);
    await writeFile(file, before);
    expect((await get('/', cookie)).status).toBe(303);
    expect(
      (await fetch(`${gateway.url}/api/rollbacks/radar`, { headers: { cookie, origin: gateway.url } }))
        .status,
    ).toBe(401);
  });

  test('of somebody with hundreds of roles fits into a cookie, with those that a definition asks for', async () => {
    const many = Array.from({ length: 400 }, (_unused, index) => `CN=${'gruppe-ä'.repeat(8)}-${index}`);
    const asked = new Set(['dba', 'incident-commander']);
    const people = peopleBy(sessionsWith(sessionSecret, true), undefined, undefined, async () => asked);
    const somebody: Person = {
      name: '漢'.repeat(200),
      roles: [...many, 'incident-commander', 'dba'],
      method: 'oidc',
      issuer: `https://${'i'.repeat(480)}.example`,
    };
    const app = new Hono();
    app.get('/', async (context) => context.json(await people.sessions.begin(context, somebody)));
    const answer = await app.request('/');
    const cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    expect(cookie.length).toBeLessThan(4_096);
    const { roles } = ((await answer.json()) as { person: Person }).person;
    expect(roles.slice(0, 2)).toEqual(['incident-commander', 'dba']);
  });

  test('sealed with another secret, for another purpose, or too long ago is none', async () => {
    const seal = sealFor('session', sessionSecret);
    const sealed = await seal.close({ person, csrf: 'x'.repeat(32) }, 60);
    expect(await shown(sealed)).not.toBe(303);
    const byToken = { ...person, method: 'token' };
    expect(await shown(await seal.close({ person: byToken, csrf: 'x'.repeat(32) }, 60))).toBe(303);
    const another = sealFor('session', new TextEncoder().encode('another secret of forty characters ....'));
    expect(await shown(await another.close({ person, csrf: 'x'.repeat(32) }, 60))).toBe(303);
    const purpose = sealFor('sign-in', sessionSecret);
    expect(await shown(await purpose.close({ person, csrf: 'x'.repeat(32) }, 60))).toBe(303);
    expect(await shown(await seal.close({ person, csrf: 'x'.repeat(32) }, -1))).toBe(303);
    expect(await shown(`${sealed.slice(0, -2)}aa`)).toBe(303);
  });
});
