import { IncomingWebhook, IncomingWebhookHTTPError } from '@slack/webhook';
import type { IncomingWebhookSendArguments } from '@slack/webhook';
import type { NotifyOf } from '../domain/definition/notify.ts';
import type { Notification } from '../views/notification.ts';
import { answered, patience, retryAfterOf, unanswered } from './failure.ts';
import type { Delivery } from './channel.ts';
import { slackLine, slackLink } from '../views/render/slack.ts';

/** Slack refuses a message whose header or text is longer. */
const limits = { header: 150, text: 3_000 };

const signs = {
  'needs-you': ':rotating_light:',
  'on-it': ':eyes:',
  answered: ':ballot_box_with_check:',
  settled: ':white_check_mark:',
} as const;

const cut = (text: string, limit: number) => (text.length > limit ? `${text.slice(0, limit - 1)}…` : text);

const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } }) as const;

/** As many whole lines as fit: cut within a line, an escape would be broken. */
function within(lines: string[], limit: number): string {
  let text = '';
  for (const line of lines) {
    if (text.length + line.length + 1 > limit) return `${text}\n…`.trim();
    text = `${text}\n${line}`.trim();
  }
  return text;
}

/** The message in Block Kit; its `text` is what a notification on the phone shows. */
export function slackMessage({ title, state, lines, next, link, operation, at }: Notification) {
  const heading = `${signs[state]} ${title}`;
  const says = within(
    lines.map((line) => `• ${slackLine(line)}`),
    limits.text - 10,
  );
  const commands = within(next.map(slackLine), limits.text - 20);
  return {
    text: slackLine(heading),
    unfurl_links: false,
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: cut(heading, limits.header), emoji: true } },
      ...(says === '' ? [] : [section(says)]),
      ...(link === undefined ? [] : [section(slackLink('Open the page', link))]),
      ...(commands === '' ? [] : [section(`\`\`\`\n${commands}\n\`\`\``)]),
      { type: 'context', elements: [{ type: 'mrkdwn', text: `${operation} · ${slackLine(at)}` }] },
    ],
  } satisfies IncomingWebhookSendArguments;
}

/** By incoming webhook. Throws Failure NotDelivered, ChannelRefused. */
export async function notifySlack(
  { name, url }: NotifyOf<'slack'>,
  notification: Notification,
  { secret, signal }: Delivery,
): Promise<void> {
  const channel = `Slack channel ${name}`;
  let retryAfter: string | null = null;
  const webhook = new IncomingWebhook(await secret(url), {
    timeout: patience,
    fetch: async (target, init) => {
      const signals = [signal, ...(init?.signal ? [init.signal] : [])];
      const response = await fetch(target, { ...init, signal: AbortSignal.any(signals) });
      retryAfter = response.headers.get('retry-after');
      return response;
    },
  });
  try {
    await webhook.send(slackMessage(notification));
  } catch (error) {
    if (error instanceof IncomingWebhookHTTPError)
      throw answered(channel, error.statusCode, error.body, retryAfterOf(retryAfter));
    throw unanswered(channel, error instanceof Error && 'original' in error ? error.original : error);
  }
}
