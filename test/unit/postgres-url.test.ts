import { describe, expect, test } from 'vitest';
import { libpqEnvironment, namesOf, nodeUrl, withDatabase } from '../../src/postgres/url.ts';

describe('withDatabase', () => {
  test.each([
    ['postgresql://a:b@h:5432/x', 'postgresql://a:b@h:5432/y'],
    [
      'postgresql+psycopg://a:p%40%2F@h/x?sslmode=require',
      'postgresql+psycopg://a:p%40%2F@h/y?sslmode=require',
    ],
    ['postgres://a@h', 'postgres://a@h/y'],
    ['postgresql:///x?host=/run/postgresql', 'postgresql:///y?host=/run/postgresql'],
    ['postgresql://a:b@[::1]:1/x', 'postgresql://a:b@[::1]:1/y'],
    ['postgresql://a:b@h/x\n', 'postgresql://a:b@h/y'],
  ])('%s', (url, expected) => {
    expect(withDatabase(url, 'y')).toBe(expected);
  });

  test('writes any name so that it can be read again', () => {
    const name = `p "slice" a/b?c`;
    expect(namesOf(withDatabase('postgresql://role%40x:b@h/x', name))).toEqual({
      role: 'role@x',
      database: name,
    });
  });

  test('refuses what is no PostgreSQL URL, and does not repeat it', () => {
    for (const text of ['mysql://a:secret@h/x', 'host=h password=secret', '']) {
      expect(() => withDatabase(text, 'y')).toThrow(TypeError);
      expect(() => withDatabase(text, 'y')).not.toThrow(/secret/);
    }
  });
});

test('node-postgres gets neither the driver of SQLAlchemy nor its parameters', () => {
  expect(nodeUrl('postgresql+asyncpg://a:b@h/x?prepared_statement_cache_size=0')).toBe(
    'postgresql://a:b@h/x',
  );
  expect(nodeUrl('postgresql://a:b@h/x?sslmode=require')).toBe(
    'postgresql://a:b@h/x?sslmode=require&uselibpqcompat=true',
  );
});

describe('libpqEnvironment', () => {
  test('carries everything that says how to connect', () => {
    expect(
      libpqEnvironment('postgresql+psycopg://a%20b:p%40%25%2F@h:1/x?sslmode=require&pool_size=5'),
    ).toEqual({
      PGHOST: 'h',
      PGPORT: '1',
      PGUSER: 'a b',
      PGPASSWORD: 'p@%/',
      PGDATABASE: 'x',
      PGSSLMODE: 'require',
    });
  });

  test('knows sockets, IPv6 and the default database', () => {
    expect(libpqEnvironment('postgresql://a@/x?host=/run/postgresql&port=2')).toMatchObject({
      PGHOST: '/run/postgresql',
      PGPORT: '2',
    });
    expect(libpqEnvironment('postgresql://a@[::1]:3')).toEqual({
      PGHOST: '::1',
      PGPORT: '3',
      PGUSER: 'a',
      PGDATABASE: 'a',
    });
  });
});
