/** A code span as CommonMark has it: closed by as many backticks as opened it. */
const span = /(?<!`)(`+)(?!`)[^]*?(?<!`)\1(?!`)/g;

const escaped = (text: string) => text.replaceAll(/[\\`[\]]/g, '\\$&').replaceAll('<', '&lt;');

/**
 * Text for a line of Markdown: what people, alerts and logs wrote makes no link and no HTML. Between backticks stands
 * a command or a name, where Markdown means nothing.
 */
export function prose(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  let made = '';
  let from = 0;
  for (const { 0: code, index } of line.matchAll(span)) {
    made += escaped(line.slice(from, index)) + code;
    from = index + code.length;
  }
  return made + escaped(line.slice(from));
}

/** The same for a cell of a table: no pipe either. */
export const cell = (text: string) => prose(text).replaceAll('|', '\\|');
