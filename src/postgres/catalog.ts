import { createHash } from 'node:crypto';
import { canonical } from '../domain/plan/hash.ts';
import { queries } from './catalog-queries.ts';
import type { Client } from './connect.ts';
import { settled } from './definition.ts';
import { inSnapshot } from './tables.ts';

export { counts } from './tables.ts';

export type Kind = keyof typeof queries;
export const kinds = Object.keys(queries) as Kind[];

/** The schema of a database in full: by kind and name, the definition of every object that users made. */
export type Catalog = Record<Kind, Record<string, string>>;

/**
 * Reads the catalog at one moment. The result does not depend on the role that asks, on its search_path, on
 * the order of columns, or on names that PostgreSQL gives by itself to NOT NULL constraints.
 */
export async function catalog(client: Client): Promise<Catalog> {
  return inSnapshot(client, () => catalogInTransaction(client));
}

/** As `catalog`, inside the snapshot of a transaction that is open. */
export async function catalogInTransaction(client: Client): Promise<Catalog> {
  // Defaults and partition bounds are written as the session writes dates and numbers.
  await client.query(
    `SET LOCAL search_path = ''; SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD';
     SET LOCAL intervalstyle = 'postgres'; SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1`,
  );
  const found = {} as Catalog;
  for (const kind of kinds) {
    const { rows } = await client.query<{ name: string; definition: string | null }>(queries[kind]);
    // What a person wrote is kept to the letter.
    const as = kind === 'comment' ? String : settled;
    found[kind] = Object.fromEntries(rows.map(({ name, definition }) => [name, as(definition ?? '')]));
  }
  return found;
}

/** SHA-256 of the catalog, 64 hexadecimal digits. */
export const catalogHash = (of: Catalog): string => createHash('sha256').update(canonical(of)).digest('hex');

/** Indexes left invalid by a failed build, and constraints that were never validated, by name. */
export function unsound({ index, constraint }: Catalog): string[] {
  return [
    ...names(index, /(INVALID|NOT READY)( |$)/, 'index', 'is not valid'),
    ...names(constraint, / NOT VALID$/, 'constraint', 'is not validated'),
  ];
}

const names = (of: Record<string, string>, pattern: RegExp, kind: string, what: string): string[] =>
  Object.entries(of)
    .filter(([, definition]) => pattern.test(definition))
    .map(([name]) => `${kind} ${name} ${what}`);
