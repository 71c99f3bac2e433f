import type { Catalog } from '../../postgres/catalog.ts';

/** The database as it is now. */
export interface Found {
  catalog: Catalog;
  rows: Record<string, number>;
  /** Tables of the migration tool, which differ wherever the revisions do. */
  toolTables: readonly string[];
}

/** What a comparison of schema and rows says. */
export interface Verdict {
  wrong: string[];
  /** In words, for people. */
  checked: string[];
  notVerified: string[];
  /** Tables that are gone, as they should be, with the rows that they held. */
  dropped: Record<string, number>;
}

/** More than these many differences help nobody. */
export const mostNamed = 25;

export const sizeOf = (catalog: Catalog): number =>
  Object.values(catalog).reduce((sum, objects) => sum + Object.keys(objects).length, 0);

export const describeDropped = (dropped: Record<string, number>): string[] =>
  Object.entries(dropped).map(([table, rows]) => `table ${table} dropped, with ${rows} rows`);
