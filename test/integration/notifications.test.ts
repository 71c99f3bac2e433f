import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Observations } from '../../src/domain/plan/plan.ts';
import type { Report } from '../../src/views/report/report.ts';
import type { ServiceDefinitionSource } from '../../src/domain/definition/service.ts';
import { markedIn } from '../docs.ts';
import { start } from './fixtures/workflow-run.ts';
import { words } from './fixtures/readme.ts';
import { installed, small } from './fixtures/installation.ts';
import type { Installation } from './fixtures/installation.ts';

interface Got {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

const got: Got[] = [];
const mails: string[] = [];
/** The first message to the webhook is never answered: its worker dies meanwhile. */
let hanging: ServerResponse | undefined;
let http: Server;
let smtp: SMTPServer;
let here: Installation;

const webhookSecret = `whsec_${Buffer.from('a signing secret of this test').toString('base64')}`;
const to = (path: string) => got.filter((each) => each.path === path);
const secret = (key: string) => ({ secret: 'backstep-notifications', key });

function listen(): void {
  http = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      got.push({ path: request.url ?? '', headers: request.headers, body });
      if (request.url === '/hook' && hanging === undefined) hanging = response;
      else response.writeHead(request.url === '/gone' ? 410 : 200).end('channel_is_archived');
    });
  });
  smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    onData: (stream, _session, done) => {
      let text = '';
      stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      stream.on('end', () => {
        mails.push(text);
        done();
      });
    },
  });
}

/** All four channels of docs/notifications.md, and one that is gone; the servers are of this test. */
const notify = (url: string): ServiceDefinitionSource['notify'] => [
  { name: 'ops', channel: 'slack', url: secret('SLACK_URL') },
  { name: 'pager', channel: 'pagerduty', routingKey: secret('PAGERDUTY_KEY'), api: url },
  { name: 'chat', channel: 'webhook', url: `${url}/hook`, secret: secret('WEBHOOK_SECRET') },
  {
    name: 'stakeholders',
    channel: 'email',
    on: ['end'],
    server: secret('MAIL_SERVER'),
    from: 'backstep@radar.test',
    to: ['cto@radar.test'],
  },
  { name: 'archived', channel: 'slack', on: ['gate'], url: secret('GONE_URL') },
  { name: 'forgotten', channel: 'slack', on: ['gate'], url: secret('FORGOTTEN') },
];

beforeAll(async () => {
  listen();
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  here = await installed({
    name: 'telling',
    workerProcess: true,
    publicUrl: 'https://backstep.test/',
    edit: (definition) => {
      small(definition);
      definition.notify = notify(url);
    },
  });
  // The command of the page, word by word; then what leads to the servers of this test.
  const [command = ''] = markedIn('docs/notifications.md', 'notifications');
  for (const each of await words('kubectl', command)) await here.kubectl(...each);
  const values = {
    SLACK_URL: `${url}/services/T0/B0/hidden-w0rd`,
    GONE_URL: `${url}/gone`,
    PAGERDUTY_KEY: 'hidden-k3y',
    WEBHOOK_SECRET: webhookSecret,
    MAIL_SERVER: `smtp://127.0.0.1:${(smtp.server.address() as AddressInfo).port}`,
  };
  const patch = JSON.stringify({ stringData: values });
  await here.kubectl('patch', 'secret', 'backstep-notifications', '--type', 'merge', '-p', patch);
});
afterAll(async () => {
  await here?.close();
  hanging?.destroy();
  http.closeAllConnections();
  http.close();
  smtp.close();
});

test('from Secrets of the cluster, over a killed worker, to four channels: told, and what was not is reported', async () => {
  const rollback = await start(here);
  await rollback.gate('downgrade');
  const { observations } = await rollback.handle.query<{ observations: Observations }>('plan');
  expect(observations.notes.filter((note) => note.startsWith('Channel'))).toEqual([
    expect.stringMatching(/^Channel forgotten cannot be told: Secret .* has nothing under the key FORGOTTEN/),
  ]);
  await vi.waitFor(() => expect(hanging).toBeDefined(), 20_000);
  await here.killWorker();
  await here.restartWorker();
  // Another worker tells it again, and whoever gets it knows it by the id.
  await vi.waitFor(() => expect(to('/hook').length).toBeGreaterThanOrEqual(2), 60_000);
  const [first, again] = to('/hook');
  expect(first?.headers['webhook-id']).toMatch(/-gate-downgrade-[0-9a-f]{12}-opened$/);
  expect(again?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
  expect(
    new Webhook(webhookSecret).verify(again?.body ?? '', again?.headers as Record<string, string>),
  ).toMatchObject({
    type: 'backstep.gate.needs-you',
    data: { service: 'deeptech-radar', link: 'https://backstep.test/rollbacks/deeptech-radar' },
  });

  await rollback.approve('downgrade');
  const result = await rollback.result();
  expect(result.outcome).toBe('rolled-back');

  const slack = to('/services/T0/B0/hidden-w0rd').map(
    ({ body }) => (JSON.parse(body) as { text: string }).text,
  );
  expect(slack.at(0)).toContain('Downgrade the database?');
  expect(slack.at(-1)).toContain('ended rolled-back');
  const pages = to('/v2/enqueue').map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  expect(pages.map(({ event_action: action }) => action)).toEqual(['trigger', 'acknowledge', 'resolve']);
  const keys = new Set(pages.map(({ dedup_key: key }) => String(key)));
  expect([...keys]).toEqual([expect.stringContaining(`${result.operation}-gate-downgrade-`)]);
  expect(mails).toHaveLength(1);
  expect(mails[0]).toContain(`Message-ID: <${result.operation}-ended@backstep>`);

  const report = JSON.parse(await readFile(result.report?.json ?? '', 'utf8')) as Report;
  expect(new Set(report.notDelivered.map(({ why }) => why))).toEqual(
    new Set([
      'Slack channel archived answered 410: channel_is_archived.',
      expect.stringContaining('has nothing under the key FORGOTTEN') as string,
    ]),
  );
  expect(await readFile(result.report?.markdown ?? '', 'utf8')).toContain('archived was not told');
  const told = report.timeline.filter(({ what }) => /^told (ops|pager|chat|stakeholders): /.test(what));
  expect(told).toHaveLength(3 + 3 + 3 + 1);

  // Law 9: references alone are in the history.
  const show = ['workflow', 'show', '--workflow-id', 'backstep-deeptech-radar', '--output', 'json'];
  const history = await here.temporal(...show);
  for (const hidden of ['hidden-w0rd', 'hidden-k3y', webhookSecret]) {
    expect(history).not.toContain(hidden);
    expect(history).not.toContain(Buffer.from(hidden).toString('base64'));
  }
});
