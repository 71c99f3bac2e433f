import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import {
  bytes,
  count,
  duration,
  named,
  people,
  rowsByTable,
  shellQuote,
  utc,
} from '../../src/domain/text.ts';
import { countedDown } from '../../src/views/blocks.ts';

describe('text for people', () => {
  it.each([
    [0, '0 s'],
    [400, '0.4 s'],
    [30_000, '30 s'],
    [12_340, '12.3 s'],
    [99_900, '99.9 s'],
    [245_000, '4 min 05 s'],
    [7_800_000, '2 h 10 min'],
  ])('writes %i ms as %s', (milliseconds, text) => expect(duration(milliseconds)).toBe(text));

  it('the clocks of the page go on as the server wrote them', () => {
    const script = readFileSync(new URL('../../src/gateway/page/assets/page.js', import.meta.url), 'utf8');
    const [source = ''] = /function countedDown[^]*?\n}\n/.exec(script) ?? [];
    const inBrowser = runInNewContext(`(${source})`) as (milliseconds: number) => string;
    for (const left of [-5, 0, 999, 1_000, 30_000, 30_400, 99_999, 100_000, 245_900, 6_000_000, 7_800_000])
      expect(inBrowser(left)).toBe(countedDown(left));
  });

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1.0 kB'],
    [47_300_000, '47.3 MB'],
    [8e9, '8.0 GB'],
  ])('writes %i bytes as %s', (amount, text) => expect(bytes(amount)).toBe(text));

  it('counts with the noun in its number', () => {
    expect(count(1, 'row')).toBe('1 row');
    expect(count(59_218, 'row')).toBe('59,218 rows');
    expect(count(2, 'loss', 'losses')).toBe('2 losses');
    expect([people(1), people(2)]).toEqual(['1 person', '2 different people']);
    expect(rowsByTable({ papers: 24_000, authors: 1 })).toBe('24,001 rows in 2 tables');
  });

  it('shows times to the second, in UTC', () =>
    expect(utc('2025-11-18T03:12:05.123Z')).toBe('2025-11-18 03:12:05 UTC'));

  it('names as many as a person reads', () => {
    expect(named(['a', 'b'])).toBe('a, b');
    expect(named(Array.from({ length: 1_041 }, () => 'x'))).toMatch(/x and 1,001 more$/);
  });

  it('quotes a word for a shell', () => expect(shellQuote("it's")).toBe(`'it'\\''s'`));
});
