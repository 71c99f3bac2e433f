/**
 * Puts tables before those that refer to them. Of tables that refer to each other the first stays first: the
 * script defers the foreign keys that point forward.
 */
export function parentsFirst<T extends { oid: number; refersTo: readonly number[] }>(
  tables: readonly T[],
): T[] {
  const byOid = new Map(tables.map((table) => [table.oid, table]));
  const ordered: T[] = [];
  const seen = new Set<number>();
  const visit = (table: T): void => {
    if (seen.has(table.oid)) return;
    seen.add(table.oid);
    for (const oid of table.refersTo) {
      const parent = byOid.get(oid);
      if (parent !== undefined) visit(parent);
    }
    ordered.push(table);
  };
  for (const table of tables) visit(table);
  return ordered;
}
