import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const allowed = [
  /^src\/migrations\/alembic\//,
  // The lines that register it.
  /^src\/migrations\/index\.ts$/,
  /^src\/domain\/definition\/(alembic|migrations)\.ts$/,
];

describe('a kind of thing is known to its implementation, its schema and its registry', () => {
  it('the migration tool: nothing else in src names Alembic', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
      .map((file) => `src/${file}`)
      .filter((file) => /\.\w+$/.test(file));
    expect(files.length).toBeGreaterThan(100);
    const named = files
      .filter((file) => !allowed.some((pattern) => pattern.test(file)))
      .flatMap((file) =>
        readFileSync(file, 'utf8')
          .split('\n')
          .flatMap((line, at) => (/alembic/i.test(line) ? [`${file}:${at + 1}: ${line.trim()}`] : [])),
      );
    expect(named).toEqual([]);
  });
});
