import { utc } from '../domain/text.ts';
import { createTransport } from 'nodemailer';
import { Failure } from '../domain/failures.ts';
import type { NotifyOf } from '../domain/definition/notify.ts';
import type { Notification } from '../views/notification.ts';
import { patience, unanswered } from './failure.ts';
import type { Delivery } from './channel.ts';

/** The mail server as its URL says. Throws Failure ChannelRefused for what is no such URL. */
function serverOf(name: string, url: string) {
  const { protocol, hostname, port, username, password } = parsed(name, url);
  const secure = protocol === 'smtps:';
  const login = username !== '';
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    secure,
    // A password is never sent in the clear.
    requireTLS: !secure && login,
    ...(login && { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
  };
}

function parsed(name: string, url: string): URL {
  try {
    const server = new URL(url);
    decodeURIComponent(server.username + server.password);
    if ((server.protocol === 'smtp:' || server.protocol === 'smtps:') && server.hostname !== '')
      return server;
  } catch {
    // Said below, without the URL: it holds a password.
  }
  throw new Failure('ChannelRefused', `E-mail ${name}: its Secret holds no smtp:// or smtps:// URL`);
}

const bodyOf = ({ title, lines, next, link, operation, at }: Notification) =>
  [
    title,
    '',
    ...lines.map((line) => `- ${line}`),
    ...(link === undefined ? [] : ['', link]),
    ...(next.length === 0 ? [] : ['', ...next.map((command) => `    ${command}`)]),
    '',
    `${operation}, ${utc(at)}`,
    '',
  ].join('\n');

interface MailError extends Error {
  code?: string;
  responseCode?: number;
  response?: string;
}

/** Of the messages of nodemailer itself none repeats the password. */
function failureOf(name: string, error: unknown): Failure {
  const channel = `E-mail ${name}`;
  const { code = '', responseCode, response = '' } = error as MailError;
  const said = `${channel}: the mail server answered ${response.slice(0, 300)}`;
  if (responseCode !== undefined && responseCode < 500) return new Failure('NotDelivered', said);
  if (responseCode !== undefined) return new Failure('ChannelRefused', said);
  if (/certificate/i.test(String(error)))
    return new Failure('ChannelRefused', `${channel}: ${String(error)}`);
  if (['EAUTH', 'ENOAUTH', 'ETLS', 'EENVELOPE', 'ECONFIG'].includes(code))
    return new Failure('ChannelRefused', `${channel}: ${(error as Error).message}`);
  return unanswered(channel, error);
}

/**
 * By SMTP, one message to all. Its Message-ID is the notification's key, by which mail systems know a repeat; all of an
 * operation are one conversation.
 *
 * @returns addresses that the server refused, while it took others
 * @throws Failure NotDelivered, ChannelRefused
 */
export async function notifyEmail(
  { name, server, ca, from, to }: NotifyOf<'email'>,
  notification: Notification,
  { secret, signal }: Delivery,
): Promise<string[]> {
  const transport = createTransport({
    ...serverOf(name, await secret(server)),
    ...(ca && { tls: { ca: await secret(ca) } }),
    connectionTimeout: patience,
    greetingTimeout: patience,
    socketTimeout: patience,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const conversation = `<${notification.operation}@backstep>`;
  const close = () => transport.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    const { rejected } = await transport.sendMail({
      from,
      to,
      subject: notification.title,
      messageId: `<${notification.key.replaceAll(/[^\w.-]/g, '-')}@backstep>`,
      references: conversation,
      inReplyTo: conversation,
      headers: { 'Auto-Submitted': 'auto-generated' },
      text: bodyOf(notification),
    });
    return rejected;
  } catch (error) {
    throw failureOf(name, error);
  } finally {
    signal.removeEventListener('abort', close);
    transport.close();
  }
}
