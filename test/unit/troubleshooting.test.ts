import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { troubleshootingFile, troubleshootingText } from '../../scripts/troubleshooting.ts';
import { failures } from '../../src/domain/failures.ts';

it('the page of failures is the one that the closed set gives', () => {
  expect(readFileSync(troubleshootingFile, 'utf8'), 'run `npm run build` and commit docs/').toBe(
    troubleshootingText(),
  );
});

it('every failure stands there once, with what it means and its next move', () => {
  for (const [type, { meaning, next }] of Object.entries(failures)) {
    const lines = troubleshootingText()
      .split('\n')
      .filter((line) => line.startsWith(`| \`${type}\` `));
    expect(lines, type).toHaveLength(1);
    expect(lines[0]?.replaceAll(String.raw`\|`, '|')).toContain(`${meaning} | ${next}`);
  }
});

describe('law 12: a next move exists at the point where it is told', () => {
  const all = Object.entries(failures);

  it('what ends the operation at once offers no answer to a hold, but for one that a hold can show too', () => {
    for (const [type, { group, next }] of all)
      if (group === 'start') expect(next.split('; at a hold ')[0], type).not.toMatch(/`(retry|skip|abort)`/);
  });

  it('before the downgrade nobody is told to restore by a decision', () => {
    for (const [type, { group, next }] of all)
      if (group === 'start' || group === 'reversible') expect(next, type).not.toMatch(/`restore`(?! of)/);
  });

  it('nobody is told to correct the definition and retry: a plan is pinned, so a new start is needed', () => {
    for (const [type, { next }] of all)
      for (const sentence of next.split(/(?<=\.) /))
        if (/definition|migrations\.|pointInTime|workloads\[\]/.test(sentence)) {
          expect(sentence, type).not.toMatch(/`retry`/);
          expect(sentence, type).toMatch(/start/i);
        }
  });

  it('nobody is told to switch a check off, where what it found is true', () => {
    for (const [type, { next }] of all)
      if (!['SnapshotFailed'].includes(type)) expect(next, type).not.toMatch(/\bnever\b(?!-)/);
  });
});
