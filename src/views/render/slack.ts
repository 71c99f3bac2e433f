import { inlines, plain } from '../blocks.ts';
import type { Inline, Text } from '../blocks.ts';

/** `<!channel>` in somebody's reason must not wake everybody, nor a pipe make a link. */
const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('`', "'");

function inline(part: Inline): string {
  if (typeof part === 'string') return escaped(part);
  if ('code' in part) return `\`${escaped(part.code)}\``;
  if ('strong' in part) return `*${escaped(part.strong)}*`;
  if ('link' in part && /^https?:/i.test(part.url))
    return `<${encodeURI(part.url).replaceAll('|', '%7C')}|${escaped(part.link)}>`;
  return escaped(plain(part));
}

/** A line in Slack's own markup. */
export const slackLine = (text: Text): string => inlines(text).map(inline).join('');

/** An action in a chat is a link to the page where it is done: nobody approves what they have not seen. */
export const slackLink = (label: string, page: string): string => `<${page}|*${escaped(label)}*>`;
