import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { SMTPServer } from 'smtp-server';
import type { SMTPServerOptions } from 'smtp-server';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { applicationFailure } from '../../src/activities/activity-function.ts';
import { notify as channels } from '../../src/domain/definition/notify.ts';
import type { Notification } from '../../src/views/notification.ts';
import { notifyBy } from '../../src/notifications/index.ts';

interface Mail {
  from: string;
  to: string[];
  text: string;
  secure: boolean;
  user?: string;
}

const notification: Notification = {
  key: 'bs-0a1b2c3d-gate-downgrade-0123456789ab-opened',
  kind: 'gate',
  state: 'needs-you',
  service: 'radar',
  operation: 'bs-0a1b2c3d',
  incident: 'bs-0a1b2c3d-gate-downgrade-0123456789ab',
  incidents: ['bs-0a1b2c3d-gate-downgrade-0123456789ab'],
  at: '2025-11-18T03:00:00.000Z',
  title: 'radar (0005 → 0004): gate downgrade waits for a person',
  lines: ['Database: 0005 → 0004', 'Plan 0123456789ab; until 04:00'],
  next: ['backstep approve radar --gate downgrade --plan 0123456789ab'],
  link: 'https://backstep.test/rollbacks/radar',
};

const password = 'pa:ss/w@rd';
let directory: string;
let key: string;
let certificate: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'backstep-mail-'));
  const files = ['-keyout', join(directory, 'key'), '-out', join(directory, 'certificate')];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await execa('openssl', [...made, '-days', '2', ...subject, ...files]);
  key = await readFile(join(directory, 'key'), 'utf8');
  certificate = await readFile(join(directory, 'certificate'), 'utf8');
});
afterAll(() => rm(directory, { recursive: true }));

let closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing) close();
  closing = [];
});

/** A mail server on the loopback, with what it got. */
async function mailServer(options: SMTPServerOptions = {}): Promise<{ port: number; got: Mail[] }> {
  const got: Mail[] = [];
  const server = new SMTPServer({
    key,
    cert: certificate,
    authOptional: true,
    disableReverseLookup: true,
    onAuth: ({ username, password: given }, _session, done) =>
      given === password ? done(null, { user: username }) : done(new Error('Invalid login')),
    onData: (stream, { envelope, secure, user }, done) => {
      let text = '';
      stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      stream.on('end', () => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
        const to = envelope.rcptTo.map(({ address }) => address);
        got.push({ from, to, text, secure, ...(user !== undefined && { user: String(user) }) });
        done();
      });
    },
    ...options,
  });
  // Handshakes that the client breaks off are what some of the tests want.
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  return { port: (server.server.address() as AddressInfo).port, got };
}

const [to] = channels.parse([
  {
    name: 'dba',
    channel: 'email',
    server: { secret: 'mail', key: 'server' },
    ca: { secret: 'mail', key: 'ca' },
    from: 'backstep@radar.test',
    to: ['ann@radar.test', 'bob@radar.test'],
  },
]);

async function notify(server: string, { ca = certificate, what = notification } = {}): Promise<string[]> {
  if (to === undefined) throw new Error('no channel');
  const secret = async ({ key }: { key: string }) => (key === 'ca' ? ca : server);
  return notifyBy(to, what, { secret, signal: new AbortController().signal });
}

/** What Temporal would keep of the failure. */
async function failure(...args: Parameters<typeof notify>) {
  const error: unknown = await notify(...args).then(
    () => new Error('it was told'),
    (error: unknown) => error,
  );
  const { type, message, nonRetryable } = applicationFailure(error);
  return { type, message, nonRetryable };
}

const login = `ops%40radar:${encodeURIComponent(password)}`;

describe('e-mail', () => {
  test('says what is to be decided, the page and the command, to everybody at once', async () => {
    const { port, got } = await mailServer();
    expect(await notify(`smtp://127.0.0.1:${port}`)).toEqual([]);
    expect(got).toHaveLength(1);
    expect(got[0]).toMatchObject({ from: 'backstep@radar.test', to: ['ann@radar.test', 'bob@radar.test'] });
    const text = got[0]?.text ?? '';
    expect(text).toContain('Auto-Submitted: auto-generated');
    expect(text.replaceAll('=\r\n', '')).toContain('https://backstep.test/rollbacks/radar');
    expect(text.replaceAll('=\r\n', '')).toContain(
      'backstep approve radar --gate downgrade --plan 0123456789ab',
    );
  });

  test('is known by its Message-ID when it comes twice, and all of a rollback are one conversation', async () => {
    const { port, got } = await mailServer();
    await notify(`smtp://127.0.0.1:${port}`);
    await notify(`smtp://127.0.0.1:${port}`);
    const ids = got.map(({ text }) => /^Message-ID: (.*)$/im.exec(text)?.[1]);
    expect(ids).toEqual([`<${notification.key}@backstep>`, `<${notification.key}@backstep>`]);
    expect(got[0]?.text).toMatch(/^References: <bs-0a1b2c3d@backstep>\r$/m);
  });

  test('cannot be given a header by what somebody wrote', async () => {
    const { port, got } = await mailServer();
    await notify(`smtp://127.0.0.1:${port}`, { what: { ...notification, title: 'a\r\nBcc: eve@evil.test' } });
    expect(got[0]?.to).toEqual(['ann@radar.test', 'bob@radar.test']);
    const [head] = got[0]?.text.split('\r\n\r\n') ?? [];
    expect(head).toMatch(/^Subject: a Bcc: eve@evil\.test\r$/m);
    expect(head).not.toMatch(/^Bcc:/m);
  });

  test.each([
    ['smtps', { secure: true }],
    ['smtp', {}],
  ])('%s: logs in over TLS, with the certificate of its own authority', async (protocol, options) => {
    const { port, got } = await mailServer({ ...options, authOptional: false });
    await notify(`${protocol}://${login}@127.0.0.1:${port}`);
    expect(got[0]).toMatchObject({ secure: true, user: 'ops@radar' });
  });

  test('law 9: a password is never sent in the clear, nor repeated in what is said of it', async () => {
    let tried = false;
    const { port } = await mailServer({
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      onAuth: (_auth, _session, done) => {
        tried = true;
        done(new Error('no'));
      },
    });
    const failed = await failure(`smtp://${login}@127.0.0.1:${port}`);
    expect(failed).toMatchObject({ type: 'ChannelRefused', nonRetryable: true });
    expect(tried).toBe(false);
    expect(failed.message).not.toContain(password);
  });
});

describe('a mail server that does not take it', () => {
  test('a wrong password, an unknown certificate, no URL: not tried again, and the secret is not repeated', async () => {
    const { port } = await mailServer({ secure: true });
    const wrong = `smtps://ops:wrongpassword@127.0.0.1:${port}`;
    const { port: other } = await mailServer({ secure: true });
    const failures = [
      await failure(wrong),
      await failure(`smtps://${login}@127.0.0.1:${other}`, { ca: '' }),
      await failure('imap://ops:wrongpassword@mail'),
      await failure('no url with wrongpassword'),
    ];
    for (const failed of failures) {
      expect(failed).toMatchObject({ type: 'ChannelRefused', nonRetryable: true });
      expect(failed.message).toContain('dba');
      expect(failed.message).not.toMatch(/wrongpassword|pa:ss/);
    }
    expect(failures[0]?.message).toContain('535');
    expect(failures[1]?.message).toContain('certificate');
  });

  test('busy, or away: tried again', async () => {
    const { port } = await mailServer({
      onMailFrom: (_address, _session, done) =>
        done(Object.assign(new Error('Try again later'), { responseCode: 451 })),
    });
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const nobody = (closed.address() as AddressInfo).port;
    await new Promise((resolve) => closed.close(resolve));
    for (const at of [port, nobody]) {
      expect(await failure(`smtp://127.0.0.1:${at}`)).toMatchObject({
        type: 'NotDelivered',
        nonRetryable: false,
      });
    }
  });

  test('one address refused: the others are told, and it is named', async () => {
    const { port, got } = await mailServer({
      onRcptTo: ({ address }, _session, done) =>
        address.startsWith('bob')
          ? done(Object.assign(new Error('No such user'), { responseCode: 550 }))
          : done(),
    });
    expect(await notify(`smtp://127.0.0.1:${port}`)).toEqual(['bob@radar.test']);
    expect(got[0]?.to).toEqual(['ann@radar.test']);
  });

  test('every address refused: not tried again', async () => {
    const { port } = await mailServer({
      onRcptTo: (_address, _session, done) =>
        done(Object.assign(new Error('No such user'), { responseCode: 550 })),
    });
    expect(await failure(`smtp://127.0.0.1:${port}`)).toMatchObject({ type: 'ChannelRefused' });
  });
});
