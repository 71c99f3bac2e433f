import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { applicationFailure } from '../../src/activities/activity-function.ts';
import { notify as channels, secretsOf } from '../../src/domain/definition/notify.ts';
import type { Notify } from '../../src/domain/definition/notify.ts';
import type { Notification } from '../../src/views/notification.ts';
import { retryAfterOf } from '../../src/notifications/failure.ts';
import { pagerDutyEvents } from '../../src/notifications/pagerduty.ts';
import { slackMessage } from '../../src/notifications/slack.ts';
import { notifyBy } from '../../src/notifications/index.ts';

interface Got {
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}

let server: Server;
let url: string;
let got: Got[] = [];
let answer: (response: ServerResponse) => void;

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      got.push({ path: request.url ?? '', headers: request.headers, body });
      answer(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => {
  got = [];
  answer = (response) => response.end('ok');
});

const notification: Notification = {
  key: 'bs-0a1b2c3d-hold-verify-1-opened',
  kind: 'hold',
  state: 'needs-you',
  service: 'radar',
  operation: 'bs-0a1b2c3d',
  incident: 'bs-0a1b2c3d-hold-verify-1',
  incidents: ['bs-0a1b2c3d-hold-verify-1'],
  at: '2025-11-18T03:00:00.000Z',
  title: 'radar (0005 → 0004): hold: "Verify the rollback" needs a decision',
  lines: ['VerificationFailed: papers has 9 rows', 'Next: restore'],
  next: ['backstep decide radar retry --hold verify-1'],
  link: 'https://backstep.test/rollbacks/radar',
};

const whsec = `whsec_${Buffer.from('a secret of the tests').toString('base64')}`;
const secrets = () => ({
  slack: `${url}/services/T0/B0/verysecret`,
  routing: 'R0UT1NGK3Y',
  signing: whsec,
  text: 'no base64 at all ü',
  hidden: `${url}/hooks?token=verysecret`,
  nonsense: 'not a url',
});

const ref = (key: string) => ({ secret: 'channels', key });
const channel = (raw: object): Notify => {
  const [parsed] = channels.parse([{ name: 'ops', ...raw }]);
  if (parsed === undefined) throw new Error('no channel');
  return parsed;
};
const slack = () => channel({ channel: 'slack', url: ref('slack') });
const pagerduty = () => channel({ channel: 'pagerduty', routingKey: ref('routing'), api: url });
const webhook = (changes: object = {}) =>
  channel({ channel: 'webhook', url: `${url}/hook`, secret: ref('signing'), ...changes });

const notify = (to: Notify, what = notification, signal = new AbortController().signal) =>
  notifyBy(to, what, {
    secret: async ({ key }) => secrets()[key as keyof ReturnType<typeof secrets>],
    signal,
  });

/** What Temporal would keep of the failure. */
async function failure(to: Notify) {
  const error: unknown = await notify(to).catch((error: unknown) => error);
  const { type, message, nonRetryable, nextRetryDelay } = applicationFailure(error);
  return { type, message, nonRetryable, nextRetryDelay };
}

const events = (changes: Partial<Notification>) => pagerDutyEvents('R', { ...notification, ...changes });

const json = () => JSON.parse(got[0]?.body ?? '') as Record<string, unknown>;

describe('Slack', () => {
  test('gets Block Kit with the decision, the page and the commands', async () => {
    await notify(slack());
    expect(got[0]?.path).toBe('/services/T0/B0/verysecret');
    expect(json()).toEqual({
      text: `:rotating_light: ${notification.title}`,
      unfurl_links: false,
      blocks: [
        {
          type: 'header',
          text: { type: 'plain_text', text: `:rotating_light: ${notification.title}`, emoji: true },
        },
        {
          type: 'section',
          text: { type: 'mrkdwn', text: '• VerificationFailed: papers has 9 rows\n• Next: restore' },
        },
        {
          type: 'section',
          text: { type: 'mrkdwn', text: '<https://backstep.test/rollbacks/radar|*Open the page*>' },
        },
        {
          type: 'section',
          text: {
            type: 'mrkdwn',
            text: '```\nbackstep decide radar retry --hold verify-1\n```',
          },
        },
        {
          type: 'context',
          elements: [{ type: 'mrkdwn', text: 'bs-0a1b2c3d · 2025-11-18T03:00:00.000Z' }],
        },
      ],
    });
  });

  test('wakes nobody because somebody wrote <!channel> into a reason', async () => {
    await notify(slack(), { ...notification, lines: ['Reason: <!channel> & ```code```'] });
    expect(got[0]?.body).toContain("Reason: &lt;!channel&gt; &amp; '''code'''");
    expect(got[0]?.body).not.toContain('<!channel>');
  });

  test('gets no more than it takes: header, text and blocks within its limits', () => {
    const lines = Array.from({ length: 200 }, () => '<'.repeat(600));
    const { blocks } = slackMessage({ ...notification, title: 't'.repeat(600), lines });
    for (const block of blocks) {
      if (block.type === 'header') expect(block.text.text.length).toBeLessThanOrEqual(150);
      if (block.type === 'section') expect(block.text.text.length).toBeLessThanOrEqual(3_000);
    }
    expect(JSON.stringify(blocks)).not.toMatch(/&l(t)?(?!t?;)/);
  });
});

describe('PagerDuty', () => {
  test('gets a trigger by the Events API v2, under what it is about as dedup_key', async () => {
    answer = (response) => response.writeHead(202).end('{"status":"success"}');
    await notify(pagerduty());
    expect(got[0]?.path).toBe('/v2/enqueue');
    expect(json()).toEqual({
      routing_key: 'R0UT1NGK3Y',
      event_action: 'trigger',
      dedup_key: 'bs-0a1b2c3d-hold-verify-1',
      client: 'Backstep',
      client_url: notification.link,
      links: [{ href: notification.link, text: 'Page of the rollback' }],
      payload: {
        summary: notification.title,
        source: 'radar',
        severity: 'critical',
        timestamp: notification.at,
        component: 'radar',
        class: 'hold',
        custom_details: { what: notification.lines, next: notification.next },
      },
    });
  });

  test('acknowledges what somebody is on or answered, and resolves only what is settled', () => {
    const of = { routing_key: 'R', dedup_key: 'bs-0a1b2c3d-hold-verify-1' };
    expect(events({ state: 'on-it' })).toEqual([{ ...of, event_action: 'acknowledge' }]);
    expect(events({ state: 'answered' })).toEqual([{ ...of, event_action: 'acknowledge' }]);
    expect(events({ state: 'settled' })).toEqual([{ ...of, event_action: 'resolve' }]);
  });
});

describe('a webhook', () => {
  test('is signed so that any library of Standard Webhooks verifies it, under the key of the notification', async () => {
    await notify(webhook());
    const { headers = {}, body = '' } = got[0] ?? {};
    expect(headers['webhook-id']).toBe(notification.key);
    expect(new Webhook(whsec).verify(body, headers as Record<string, string>)).toEqual({
      type: 'backstep.hold.needs-you',
      timestamp: notification.at,
      data: notification,
    });
    expect(() => new Webhook(whsec).verify(`${body} `, headers as Record<string, string>)).toThrow();
  });

  test('may be signed with any text, and have its URL in a Secret', async () => {
    await notify(webhook({ url: ref('hidden'), secret: ref('text') }));
    const { headers = {}, body = '', path } = got[0] ?? {};
    expect(path).toBe('/hooks?token=verysecret');
    const raw = new Webhook(new TextEncoder().encode(secrets().text), { format: 'raw' });
    expect(raw.verify(body, headers as Record<string, string>)).toMatchObject({ data: { service: 'radar' } });
  });

  test('is not sent on to wherever a redirect leads', async () => {
    answer = (response) => response.writeHead(307, { location: `${url}/elsewhere` }).end();
    expect(await failure(webhook())).toMatchObject({ type: 'ChannelRefused', nonRetryable: true });
    expect(got.map(({ path }) => path)).toEqual(['/hook']);
  });
});

describe('a channel that does not take it', () => {
  const all = [
    ['Slack', slack],
    ['PagerDuty', pagerduty],
    ['Webhook', webhook],
  ] as const;

  test.each(all)(
    '%s: is tried again where the world may mend: 500, 503, 429, no answer',
    async (_name, to) => {
      for (const status of [500, 503, 408]) {
        answer = (response) => response.writeHead(status).end('busy');
        expect(await failure(to())).toMatchObject({ type: 'NotDelivered', nonRetryable: false });
      }
      answer = (response) => response.destroy();
      expect(await failure(to())).toMatchObject({ type: 'NotDelivered', nonRetryable: false });
    },
  );

  test.each(all)('%s: is waited for as long as it asks', async (_name, to) => {
    answer = (response) => response.writeHead(429, { 'retry-after': '7' }).end('slow down');
    expect(await failure(to())).toMatchObject({ type: 'NotDelivered', nextRetryDelay: 7_000 });
  });

  test.each(all)('%s: is not tried again where that makes no sense', async (_name, to) => {
    for (const status of [400, 403, 404, 410]) {
      answer = (response) => response.writeHead(status).end('no_service');
      const failed = await failure(to());
      expect(failed).toMatchObject({ type: 'ChannelRefused', nonRetryable: true });
      expect(failed.message).toContain(`answered ${status}: no_service`);
    }
  });

  test.each(all)('law 9: %s: no URL and no key in what is said of it', async (_name, to) => {
    const answers = [
      (response: ServerResponse) => response.writeHead(404).end('gone'),
      (response: ServerResponse) => response.destroy(),
    ];
    for (const each of answers) {
      answer = each;
      const { message } = await failure(to());
      expect(message).not.toMatch(/verysecret|R0UT1NGK3Y|127\.0\.0\.1/);
      expect(message).toContain('ops');
    }
  });

  test('is refused where its Secret holds no URL, and the Secret is not repeated', async () => {
    const failed = await failure(webhook({ url: ref('nonsense') }));
    expect(failed).toMatchObject({ type: 'ChannelRefused', nonRetryable: true });
    expect(failed.message).not.toContain('not a url');
  });

  test('keeps nobody waiting: an aborted attempt ends at once', async () => {
    answer = () => undefined;
    const abort = new AbortController();
    const began = Date.now();
    const told = [slack(), pagerduty(), webhook()].map((to) => notify(to, notification, abort.signal));
    setTimeout(() => abort.abort(), 50);
    const ended = await Promise.allSettled(told);
    expect(ended.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(Date.now() - began).toBeLessThan(2_000);
    server.closeAllConnections();
  });
});

test('Retry-After is understood as seconds and as a date, and nothing else', () => {
  const now = Date.parse('2025-11-18T03:00:00Z');
  expect(retryAfterOf('2', now)).toBe(2_000);
  expect(retryAfterOf('Tue, 18 Nov 2025 03:00:30 GMT', now)).toBe(30_000);
  for (const none of [null, '', 'soon', '-1', '0']) expect(retryAfterOf(none, now)).toBeUndefined();
});

const reference = (key: string) => ({ secret: 'channels', key });

test('every Secret that a channel refers to is known, whichever its kind and its keys', () => {
  const entries = channels.parse([
    { name: 'a', channel: 'slack', url: reference('SLACK') },
    { name: 'b', channel: 'pagerduty', routingKey: reference('KEY') },
    { name: 'c', channel: 'webhook', url: reference('URL'), secret: reference('SIGNS') },
    { name: 'd', channel: 'webhook', url: 'https://example.com/hook', secret: reference('SIGNS') },
    {
      name: 'e',
      channel: 'email',
      server: reference('SERVER'),
      ca: reference('CA'),
      from: 'a@example.com',
      to: ['b@example.com'],
    },
  ]);
  expect(entries.map((entry) => secretsOf(entry).map(({ key }) => key))).toEqual([
    ['SLACK'],
    ['KEY'],
    ['URL', 'SIGNS'],
    ['SIGNS'],
    ['SERVER', 'CA'],
  ]);
});
