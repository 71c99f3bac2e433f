import { expect, test } from 'vitest';
import { details } from '../../src/views/details.ts';
import { list } from '../../src/views/blocks.ts';
import { markdown, prose } from '../../src/views/render/markdown.ts';
import { reportMarkdown } from '../../src/views/report/documents.ts';
import { reportOf } from '../../src/views/report/report.ts';
import { journalOf, straight, subject } from '../example-journal.ts';

const lure = '[Approve here](https://evil.test)';
const inert = '\\[Approve here\\](https://evil.test)';

test('what an alert or a person wrote becomes no link and no HTML', () => {
  expect(markdown([list([lure])])).toBe(`- ${inert}`);
  expect(prose(`<a href="x">y</a> ![z](u)`)).toBe('&lt;a href="x">y&lt;/a> !\\[z\\](u)');
});

test('what stands between backticks stays a command, whatever is in it', () => {
  expect(prose('Use `backstep approve <plan> [x](y)` now')).toBe('Use `backstep approve <plan> [x](y)` now');
});

test.each([
  ['a backtick without its pair', `\`${lure}`, `\\\`${inert}`],
  ['a run that another length would close', `\`\`\`${lure}\``, `\\\`\\\`\\\`${inert}\\\``],
  ['a backslash that would take the meaning from a backtick', `\\\`${lure}\``, `\\\\\`${lure}\``],
  ['a backslash that would take the meaning from the one before a bracket', `\\${lure}`, `\\\\${inert}`],
])('%s hides no link', (_what, text, made) => {
  expect(prose(text)).toBe(made);
});

test('a link of an alert stands neither in the Temporal UI nor in the report', () => {
  const alert = { source: 'generic', fingerprint: 'f', status: 'firing' } as const;
  const long = `${'x'.repeat(280)} \`${lure}\``;
  const journal = journalOf(
    { kind: 'annotated', ...alert, text: lure },
    { kind: 'step-ended', step: 'stop-writes', try: 1, summary: long },
    ...straight.filter(({ kind }) => kind !== 'ended'),
    { kind: 'ended', outcome: 'rejected', reason: lure },
  );
  for (const text of [details(journal.slice(0, 2), subject()), details(journal, subject())])
    expect(text.replaceAll(inert, '').replaceAll(/`[^`]*`/g, '')).not.toContain('[Approve');
  expect(details(journal, subject())).toContain(inert);
  const report = reportMarkdown(reportOf(journal, subject()));
  expect(report).toContain(inert);
  expect(report.replaceAll(inert, '').replaceAll(/`[^`]*`/g, '')).not.toContain('[Approve');
});
