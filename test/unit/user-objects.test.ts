import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { catalogOf, notOfExtension, userRelation, userSchema } from '../../src/postgres/user-objects.ts';

const place = 'src/postgres/user-objects.ts';
/** By which a query would say for itself which schemas and objects are the user's. */
const saysItself = [
  /nspname\s*!~/,
  /nspname\s+NOT\s+(LIKE|IN)/i,
  /NOT EXISTS \(\s*SELECT FROM (pg_catalog\.)?pg_depend/,
];

test('what counts as a table of the user is said in one place, for all that counts, compares, dumps and salvages', () => {
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .map((file) => `src/${file}`)
    .filter((file) => file.endsWith('.ts') && file !== place);
  expect(sources.length).toBeGreaterThan(300);
  const elsewhere = sources.filter((file) => {
    const text = readFileSync(file, 'utf8');
    return saysItself.some((pattern) => pattern.test(text));
  });
  expect(elsewhere).toEqual([]);
  // The pattern finds what it is for.
  const said = [userSchema(), userRelation(`'r'`), notOfExtension(catalogOf('pg_proc'), 'p.oid')].join('\n');
  expect(saysItself.filter((pattern) => pattern.test(said))).toHaveLength(2);
});
