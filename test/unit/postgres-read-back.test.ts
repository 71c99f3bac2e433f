import { describe, expect, test } from 'vitest';
import { CopyCounter } from '../../src/dumps/copy-counter.ts';
import { compare } from '../../src/dumps/read-back.ts';
import { extensionsIn, parseContents, restoreList } from '../../src/dumps/toc.ts';

const script = [
  'SET row_security = off;',
  'COPY public.papers (id, title) FROM stdin;',
  '1\tone',
  '2\ttwo with \\n and \\\\.',
  '3\t' + 'x'.repeat(500),
  '\\.',
  '',
  'COPY public."odd ""name""" ("a (column)") FROM stdin;',
  '',
  'COPY public.papers (id) FROM stdin;',
  '\\.',
  'COPY ledger.nothing  FROM stdin;',
  '\\.',
  "SELECT pg_catalog.lo_open('16400', 131072);",
  "SELECT pg_catalog.lowrite(0, '\\x00');",
  'SELECT pg_catalog.lo_close(0);',
  "SELECT pg_catalog.setval('public.papers_id_seq', 3, true);",
  `SELECT pg_catalog.setval('ledger."odd ''name''"', 1, false);`,
  '',
].join('\n');

const expected = { 'public.papers': 3, 'public.odd "name"': 2, 'ledger.nothing': 0 };

describe('CopyCounter', () => {
  test.each([1, 2, 3, 7, 64, 100_000])('counts the same whatever the pieces: %i bytes', (size) => {
    const counter = new CopyCounter();
    const bytes = Buffer.from(script);
    for (let at = 0; at < bytes.length; at += size) counter.push(bytes.subarray(at, at + size));
    expect(Object.fromEntries(counter.rows)).toEqual(expected);
    expect(counter).toMatchObject({ total: 5, largeObjects: 1, complete: true });
    expect([...counter.sequences]).toEqual([
      ['sequence papers_id_seq', '3 called'],
      [`sequence ledger.odd 'name'`, '1'],
    ]);
  });

  test('knows that a stream ended within a table, or within a line', () => {
    const within = new CopyCounter();
    within.push(Buffer.from('COPY public.papers (id) FROM stdin;\n1\n2\n'));
    expect(within.complete).toBe(false);
    expect(within.rows.size).toBe(0);
    const line = new CopyCounter();
    line.push(Buffer.from('SELECT 1'));
    expect(line.complete).toBe(false);
  });
});

describe('compare', () => {
  const held = {
    tables: [
      { key: 'papers', schema: 'public', name: 'papers', partitioned: false },
      { key: 'ledger.entries', schema: 'ledger', name: 'entries', partitioned: true },
    ],
    counts: { papers: 3, 'ledger.entries': 9 },
    extensions: [{ name: 'vector' }],
    largeObjects: 1,
    sequences: { 'sequence papers_id_seq': '3 called' },
    objects: [
      { oids: '1259 16721', what: 'table public.papers' },
      { oids: '1259 16730', what: 'index public.papers_recent' },
      { oids: '2606 16731', what: 'table constraint papers_pkey on public.papers' },
    ],
  };
  const sequences = new Map([['sequence papers_id_seq', '3 called']]);
  const extension = '2; 3079 16391 EXTENSION - vector \n217; 1259 16721 TABLE public papers radar_app\n';
  const keys =
    '3601; 1259 16730 INDEX public papers_recent radar_app\n3602; 2606 16731 CONSTRAINT public papers papers_pkey radar_app\n';
  const [part, whole] = [parseContents(extension), parseContents(`${extension}${keys}`)];
  const rows = new Map([['public.papers', 3]]);

  test('finds nothing where all is there', () => {
    expect(compare(held, { rows, largeObjects: 1, sequences }, whole)).toEqual([]);
  });

  test('names a missing table, a missing row, extensions and large objects', () => {
    expect(compare(held, { rows: new Map(), largeObjects: 0, sequences }, []).slice(0, 3)).toEqual([
      'table papers is not in the dump',
      'extension vector is not in the dump',
      '0 large objects in the dump, 1 in the database',
    ]);
    const short = new Map([['public.papers', 2]]);
    expect(compare(held, { rows: short, largeObjects: 1, sequences }, whole)).toEqual([
      'table papers: 2 rows in the dump, 3 in the database',
    ]);
  });

  test('names indexes and keys that the table of contents has not, and sequences set otherwise', () => {
    expect(compare(held, { rows, largeObjects: 1, sequences }, part)).toEqual([
      'index public.papers_recent is not in the dump',
      'table constraint papers_pkey on public.papers is not in the dump',
    ]);
    expect(compare(held, { rows, largeObjects: 1, sequences: new Map() }, whole)).toEqual([
      'sequence papers_id_seq: its value is not in the dump, 3 called in the database',
    ]);
    const other = new Map([['sequence papers_id_seq', '2 called']]);
    expect(compare(held, { rows, largeObjects: 1, sequences: other }, whole)).toEqual([
      'sequence papers_id_seq: 2 called in the dump, 3 called in the database',
    ]);
  });
});

describe('table of contents', () => {
  const listing = [
    ';',
    '; Archive created at 2025-11-18 03:00:00 UTC',
    '6; 2615 16389 SCHEMA - tools radar_app',
    '7; 2615 16390 SCHEMA - ledger radar_app',
    '2; 3079 16391 EXTENSION - vector ',
    '3592; 0 0 COMMENT - EXTENSION vector ',
    '3593; 0 0 COMMENT - SCHEMA ledger radar_app',
    '217; 1259 16721 TABLE public papers radar_app',
    '3584; 0 16721 TABLE DATA public papers radar_app',
    '3600; 0 0 COMMENT public TABLE papers radar_app',
  ].join('\n');

  test('names the extensions, and leaves them and their schemas out of a restore', () => {
    const entries = parseContents(listing);
    expect(extensionsIn(entries)).toEqual(['vector']);
    expect(restoreList(entries, ['tools']).trimEnd().split('\n')).toEqual([
      '7; 2615 16390 SCHEMA - ledger radar_app',
      '3593; 0 0 COMMENT - SCHEMA ledger radar_app',
      '217; 1259 16721 TABLE public papers radar_app',
      '3584; 0 16721 TABLE DATA public papers radar_app',
      '3600; 0 0 COMMENT public TABLE papers radar_app',
    ]);
  });
});
