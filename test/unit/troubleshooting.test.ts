import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { troubleshootingFile, troubleshootingText, ungrouped } from '../../scripts/troubleshooting.ts';
import { failures } from '../../src/runbook/failures.ts';

it('the page of failures is the one that the closed set gives', () => {
  expect(readFileSync(troubleshootingFile, 'utf8'), 'run `npm run build` and commit docs/').toBe(
    troubleshootingText(),
  );
});

it('every failure stands there once, with its next move', () => {
  expect(ungrouped()).toEqual([]);
  for (const [type, { next }] of Object.entries(failures)) {
    const lines = troubleshootingText()
      .split('\n')
      .filter((line) => line.startsWith(`| \`${type}\` `));
    expect(lines, type).toHaveLength(1);
    expect(lines[0]?.replaceAll(String.raw`\|`, '|')).toContain(next);
  }
});
