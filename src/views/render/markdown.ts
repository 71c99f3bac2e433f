import { inlines, plain, sentence, signs, timePhrase } from '../blocks.ts';
import type { Block, Inline, Section, StepLine, Text } from '../blocks.ts';

const escaped = (text: string) =>
  text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[\\`[\]]/g, '\\$&')
    .replaceAll('<', '&lt;');

/** Fenced by more backticks than it holds. */
function span(text: string): string {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${text.replaceAll(/\s+/g, ' ')}${fence}`;
}

function inline(part: Inline): string {
  if (typeof part === 'string') return escaped(part);
  if ('code' in part) return span(part.code);
  if ('strong' in part) return `**${escaped(part.strong)}**`;
  if ('time' in part) return timePhrase(part).join('');
  if ('link' in part)
    return /^https?:/i.test(part.url)
      ? `[${escaped(part.link)}](${encodeURI(part.url).replaceAll(')', '%29')})`
      : `${escaped(part.link)} (${escaped(part.url)})`;
  return escaped(plain(part));
}

/** One line of Markdown: what people, alerts and logs wrote makes no link and no HTML. */
export const markdownLine = (text: Text): string => inlines(text).map(inline).join('').trim();

/** The same of a sentence that puts commands between backticks. */
export const prose = (text: string): string => markdownLine(sentence(text));

/** The same for a cell of a table: no pipe either. */
const cell = (text: Text | undefined) => markdownLine(text ?? '–').replaceAll('|', '\\|');

const row = (cells: readonly (Text | undefined)[]) => `| ${cells.map(cell).join(' | ')} |`;

const stepRow = ({ state, name, time = '', says = '' }: StepLine) =>
  row([name, signs[state].join(' '), time, says]);

function linesOf(block: Block, level: number): string[] {
  switch (block.kind) {
    case 'text':
      return [markdownLine(block.text)];
    case 'list':
      if (block.items.length === 0) return block.none === undefined ? [] : [block.none];
      return block.items.map((item) => `- ${markdownLine(item)}`);
    case 'table':
      if (block.rows.length === 0) return block.none === undefined ? [] : [block.none];
      return [row(block.head), `|${block.head.map(() => '---|').join('')}`, ...block.rows.map(row)];
    case 'code':
      return [`\`\`\`${block.language === 'text' ? '' : block.language}`, ...block.lines, '```'];
    case 'tasks':
      return block.items.map((item) => `- [ ] ${markdownLine(item)} (owner: ____)`);
    case 'facts':
      return block.facts.map(([name, value]) => `- ${escaped(name)}: ${markdownLine(value)}`);
    case 'steps':
      return ['| Step | State | Time | |', '|---|---|---|---|', ...block.steps.map(stepRow)];
    case 'section':
      return sectionLines(block, level);
  }
  return block satisfies never;
}

const sectionLines = ({ title, blocks }: Section, level: number): string[] => [
  `${'#'.repeat(level)} ${markdownLine(title)}`,
  ...blocksLines(blocks, level + 1).flatMap((each) => ['', ...each]),
];

const blocksLines = (blocks: readonly Block[], level: number): string[][] =>
  blocks.map((block) => linesOf(block, level)).filter((lines) => lines.length > 0);

/**
 * Blocks as Markdown (CommonMark with tables), an empty line between them.
 *
 * @param level of the headings of sections
 */
export const markdown = (blocks: readonly Block[], level = 2): string =>
  blocksLines(blocks, level)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
