import { describe, expect, test } from 'vitest';
import { settled } from '../../src/postgres/definition.ts';

describe('a definition as it survives a dump and restore', () => {
  test.each([
    [
      `CHECK (((kind)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])))`,
      `CHECK (((kind)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text])))`,
    ],
    [
      `CHECK (((v)::text <> ALL ((ARRAY['a'::character varying, (t)::character varying])::text[])))`,
      `CHECK (((v)::text <> ALL (ARRAY[('a'::character varying)::text, ((t)::character varying)::text])))`,
    ],
    [
      `CHECK (((v)::text = ANY ((ARRAY['it''s'::character varying, 'x]y'::character varying, '(ARRAY[''q''])::text[]'::character varying])::text[])))`,
      `CHECK (((v)::text = ANY (ARRAY[('it''s'::character varying)::text, ('x]y'::character varying)::text, ('(ARRAY[''q''])::text[]'::character varying)::text])))`,
    ],
    [
      `(a = ANY ((ARRAY[b, 'c'::"odd "" [type"])::public.mood[]))`,
      `(a = ANY (ARRAY[(b)::public.mood, ('c'::"odd "" [type")::public.mood]))`,
    ],
    [
      `CREATE STATISTICS s ON (v::text = ANY (ARRAY['a'::character varying, b || 'c']::text[])) FROM x`,
      `CREATE STATISTICS s ON (v::text = ANY (ARRAY['a'::character varying::text, (b || 'c')::text])) FROM x`,
    ],
    [
      `CHECK (((((v)::text = t) OR ((v)::text = 'b'::text)) OR ((v)::text = lower(t))))`,
      `CHECK ((((v)::text = t) OR ((v)::text = 'b'::text) OR ((v)::text = lower(t))))`,
    ],
  ])('reads alike before and after: %s', (before, after) => {
    expect(settled(before)).toBe(settled(after));
    expect(settled(after)).toBe(after);
  });

  test.each([
    ['(a OR b) AND c', 'a OR (b AND c)'],
    ['(((a > 1) OR (b > 1)) AND (c > 1))', '((a > 1) OR ((b > 1) AND (c > 1)))'],
    ['((a OR b) AND (c OR d))', '(a OR b AND c OR d)'],
    ['(a - (b - c))', '(a - b - c)'],
    [`(v = '(a)'::text)`, `(v = 'a'::text)`],
    [`(v = 'a'::text)`, `(v = 'a'::character varying)`],
    ['(x)::character varying(3)', '(x)::character varying(5)'],
    ['AS $$ RETURN (1 + 2) * 3; $$', 'AS $$ RETURN 1 + 2 * 3; $$'],
    ['AS $f$ SELECT x::text $f$', 'AS $f$ SELECT x $f$'],
    [`AS $f$ SELECT  'a' $f$`, `AS $f$ SELECT 'a' $f$`],
    ['(( SELECT (a OR b)) OR c)', '( SELECT (a OR b) OR c)'],
    ['((ARRAY[a])::text[] || b)', '(ARRAY[a] || b)'],
  ])('keeps what means something: %s is not %s', (one, other) => {
    expect(settled(one)).not.toBe(settled(other));
  });

  test.each([`owner o'hara CHECK ((a`, '$$ )(', '', `'`, '] )', "E'\\\\' ("])(
    'stays as it is where it is no whole definition: %s',
    (odd) => expect(settled(odd)).toBe(odd),
  );
});
