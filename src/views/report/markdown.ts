import { cell, prose } from '../markdown.ts';
import { sectionsOf, titleOf } from './sections.ts';
import type { Block } from './sections.ts';
import type { Report } from './report.ts';

const row = (cells: (string | number | undefined)[]) =>
  `| ${cells.map((value) => cell(value === undefined ? '–' : value.toLocaleString('en'))).join(' | ')} |`;

function linesOf(block: Block): string[] {
  switch (block.kind) {
    case 'list':
      return block.items.length === 0 ? [block.none] : block.items.map((item) => `- ${prose(item)}`);
    case 'table':
      if (block.rows.length === 0) return [block.none];
      return [
        `| ${block.head.join(' | ')} |`,
        `|${block.head.map(() => '---').join('|')}|`,
        ...block.rows.map(row),
      ];
    case 'code':
      return [`\`\`\`${block.language}`, ...block.lines, '```'];
    case 'tasks':
      return block.items.map((item) => `- [ ] ${prose(item)} (owner: ____)`);
    case 'links':
      return block.links.map(({ title, url }) => `- [${prose(title)}](${url})`);
  }
  return block satisfies never;
}

/** The report as Markdown, for people; what needs a person stands first. */
export const reportMarkdown = (report: Report): string =>
  [
    `# ${titleOf(report)}`,
    '',
    prose(report.reason ?? ''),
    ...sectionsOf(report).flatMap(({ title, blocks }) => [
      '',
      `## ${title}`,
      ...blocks.flatMap((block) => ['', ...linesOf(block)]),
    ]),
    '',
  ].join('\n');
