import { createHmac } from 'node:crypto';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readJson } from '../../src/gateway/body.ts';
import { definitionSource } from '../example-plan.ts';
import { definitionsOf, lazily, post, served } from '../gateway.ts';
import type { Served } from '../gateway.ts';

const secret = 'a secret that is long enough';
const alert = { fingerprint: 'f1', labels: { service: 'radar' } };
const nobodyThere = '127.0.0.1:1';
let gateway: Served;

const allowing = definitionsOf([
  { ...definitionSource(), triggers: [{ source: 'generic', match: { service: 'radar' } }] },
]);

beforeAll(async () => {
  gateway = await served({
    backstep: await lazily(nobodyThere),
    definitions: allowing,
    secretsOf: async (source) => (source === 'pagerduty' ? [] : ['the one before it is 1', secret]),
    limits: { failures: 1_000, alerts: 1_000, requests: 1_000 },
  });
});
afterAll(() => gateway.close());

const signature = (body: string | Uint8Array, seconds = Math.floor(Date.now() / 1_000), key = secret) => {
  const mac = createHmac('sha256', key).update(`${seconds}.`).update(body).digest('hex');
  return { 'x-backstep-signature': `t=${seconds},v1=${mac}` };
};
const send = (body: unknown, headers: Record<string, string>, source = 'generic') =>
  post(`${gateway.url}/triggers/${source}`, body, headers);
const signed = (body: unknown) => {
  const bytes = body instanceof Uint8Array ? body : JSON.stringify(body);
  return send(bytes, signature(bytes));
};
const refusal = (message: RegExp) => ({
  error: expect.objectContaining({
    message: expect.stringMatching(message) as string,
    next: expect.stringMatching(/\w/) as string,
  }) as object,
});

const bytes = (text: string) => new TextEncoder().encode(text);
const faults = async (body: unknown) => {
  const { status, body: answer } = await signed(body);
  expect(status).toBe(422);
  return (answer as { error: { faults: string[] } }).error.faults;
};

describe('a trigger refuses', () => {
  test('with 401 what carries no signature, with 403 what carries a wrong or an old one', async () => {
    const body = JSON.stringify(alert);
    expect(await send(body, {})).toMatchObject({ status: 401, body: refusal(/missing/) });
    expect(await send(body, { authorization: 'Bearer nonsense' })).toMatchObject({ status: 403 });
    expect(await send(body, signature(`${body} `))).toMatchObject({
      status: 403,
      body: refusal(/fits no secret/),
    });
    const old = Math.floor(Date.now() / 1_000) - 301;
    expect(await send(body, signature(body, old))).toMatchObject({
      status: 403,
      body: refusal(/last 5 minutes/),
    });
  });

  test('with 403 a source that is not set up, with 404 one that does not exist', async () => {
    const body = JSON.stringify(alert);
    const headers = { 'x-pagerduty-signature': `v1=${createHmac('sha256', '').update(body).digest('hex')}` };
    expect(await send(body, headers, 'pagerduty')).toMatchObject({
      status: 403,
      body: refusal(/not set up/),
    });
    expect(await send(body, signature(body), 'nagios')).toMatchObject({
      status: 404,
      body: refusal(/No such source/),
    });
    expect(await send(body, signature(body), '__proto__')).toMatchObject({ status: 404 });
  });

  test('with 413 a body larger than a megabyte, also one that does not say how large it is', async () => {
    const large = new Uint8Array(1024 * 1024 + 1).fill(32);
    expect(await signed(large)).toMatchObject({ status: 413, body: refusal(/larger than 1024 KB/) });
    expect(await chunked(large)).toBe(413);
    expect((await signed(new Uint8Array(1024 * 1024).fill(32))).status).toBe(422);
  });

  test('with 422 what is no UTF-8, no JSON, nested too deep, or has faults, all of them named', async () => {
    expect(await faults(new Uint8Array([0x22, 0xc3, 0x28, 0x22]))).toEqual(['it is not UTF-8']);
    expect(await faults(bytes('{"fingerprint":'))).toEqual(['it is no JSON']);
    expect(await faults(bytes(''))).toEqual(['it is no JSON']);
    const deep = `${'['.repeat(500_000)}${']'.repeat(500_000)}`;
    expect(await faults(bytes(deep))).toEqual(['it is nested deeper than 32']);
    expect(await faults({ fingerprint: '', labels: { a: 1 }, target: 'base' })).toHaveLength(3);
  });

  test('with 503 everything while Temporal is away, within the time that PagerDuty waits; and logs no secret', async () => {
    const began = Date.now();
    const ready = fetch(`${gateway.url}/readyz`);
    const { status, headers, body } = await signed(alert);
    expect(status).toBe(503);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(body).toMatchObject(refusal(/Temporal cannot be reached/));
    expect(Date.now() - began).toBeLessThan(2_900);
    expect((await ready).status).toBe(503);
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
    const logged = JSON.stringify(gateway.logged);
    expect(logged).toMatch(/not served/);
    for (const word of [secret, 'v1=', 'x-backstep-signature']) expect(logged).not.toContain(word);
  });
});

test('whoever is refused too often is answered with 429; what is rightly signed is not held up by that', async () => {
  const strict = await served({
    backstep: await lazily(nobodyThere),
    definitions: allowing,
    secretsOf: async () => [secret],
    limits: { failures: 3, alerts: 2, requests: 100 },
  });
  try {
    const url = `${strict.url}/triggers/generic`;
    const statuses = [];
    for (let time = 0; time < 5; time += 1) statuses.push((await post(url, alert)).status);
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
    const body = JSON.stringify({ ...alert, labels: {} });
    const right = async () => post(url, body, signature(body));
    const ignored = { result: 'ignored', why: 'no trigger of a service definition fits it' };
    for (let time = 0; time < 2; time += 1)
      expect(await right()).toMatchObject({ status: 200, body: { alerts: [ignored] } });
    // Alertmanager drops what is answered with 429.
    expect(await right()).toMatchObject({ status: 503, body: refusal(/Too many alerts/) });
  } finally {
    await strict.close();
  }
});

const nested = (depth: number) => readJson(bytes(`${'['.repeat(depth)}${']'.repeat(depth)}`));

test('the depth of JSON is counted outside of strings', () => {
  const text = JSON.stringify({ a: '[[[['.repeat(100), b: '\\"[', c: [[{}]] });
  expect(readJson(new TextEncoder().encode(text))).toEqual(JSON.parse(text));
  expect(nested(32)).toHaveLength(1);
  expect(() => nested(33)).toThrow('deeper than 32');
});

test('the OpenAPI document names every route with every refusal, and is served', async () => {
  const document = (await (await fetch(`${gateway.url}/openapi.json`)).json()) as {
    openapi: string;
    paths: Record<string, Record<string, { responses: Record<string, unknown>; security: unknown[] }>>;
  };
  expect(document.openapi).toBe('3.1.0');
  expect(Object.keys(document.paths).toSorted()).toEqual([
    '/api/rollbacks/{service}',
    ...['acknowledge', 'approve', 'decide', 'reject', 'start'].map(
      (verb) => `/api/rollbacks/{service}/${verb}`,
    ),
    '/triggers/{source}',
  ]);
  const trigger = document.paths['/triggers/{source}']?.['post'];
  expect(Object.keys(trigger?.responses ?? {})).toEqual([
    '200',
    '401',
    '403',
    '404',
    '413',
    '422',
    '429',
    '503',
  ]);
  for (const path of Object.values(document.paths))
    for (const { security } of Object.values(path)) expect(security).toHaveLength(1);
});

test('what is not there is answered in the same form', async () => {
  const response = await fetch(`${gateway.url}/triggers`);
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject(refusal(/nothing here/));
});

/** Without a Content-Length. */
function chunked(body: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(`${gateway.url}/triggers/generic`, { method: 'POST' }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.once('error', reject);
    for (let at = 0; at < body.length; at += 65_536) sent.write(body.subarray(at, at + 65_536));
    sent.end();
  });
}
