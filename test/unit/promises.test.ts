import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../..', import.meta.url);
const readme = readFileSync(new URL('README.md', root), 'utf8');
const table = /## What happens to the data\n\n([^]*?)\n\n/.exec(readme)?.[1] ?? '';
const rows = table
  .split('\n')
  .slice(2)
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
const tests = readdirSync(new URL('test', root), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts') && !file.endsWith('promises.test.ts'))
  .map((file) => readFileSync(new URL(`test/${file}`, root), 'utf8'))
  .join('\n');

test('the table of what happens to the data has a line for every case', () => {
  expect(rows.length).toBeGreaterThanOrEqual(12);
  for (const row of rows) expect(row).toHaveLength(3);
});

test.each(rows)('%s: %s', (_when, _what, proof = '') => {
  const [, name = ''] = /^\*(.+)\*$/.exec(proof) ?? [];
  expect(name).not.toBe('');
  expect(tests).toMatch(new RegExp(`(test|it)(\\.\\w+)*(\\([^]{0,400}?\\))?\\(\\s*['\`]${escaped(name)}`));
});

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
