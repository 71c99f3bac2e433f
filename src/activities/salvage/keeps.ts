import type { Loss } from '../../domain/rehearsal.ts';
import type { Relation } from './relations.ts';

/** What is kept of one table: one COPY block of the script, and one statement that puts it back. */
export interface Keep {
  relation: Relation;
  /** The losses that it makes good. */
  losses: Loss[];
  /** Columns in the file. */
  names: string[];
  /** Columns by which a row is found again; empty: by all columns that are not lost. */
  key: string[];
  /** Columns that are given their old values in rows that are there. */
  lost: string[];
  /** Whether rows that are missing are inserted. */
  adds: boolean;
  /** Only rows that the rehearsed copy lost, or in which it changed a lost column; absent: all rows. */
  only?: 'rows' | 'values';
}

export interface Keeps {
  keeps: Keep[];
  lost: Loss[];
  notes: string[];
}

interface OfTable {
  relation: Relation;
  whole: Loss[];
  rows: Loss[];
  columns: { loss: Loss; name: string }[];
}

/**
 * Says of each loss what must be kept: dropped tables whole, columns by primary key, lost rows whole. Without a
 * primary key, or where the key itself is lost, the whole table.
 *
 * @param copyHas whether the rehearsed copy still has these columns of a table, so that rows can be compared
 */
export function keepsFor(
  losses: readonly Loss[],
  relations: readonly Relation[],
  copyHas: (relation: Relation, columns: readonly string[]) => boolean,
): Keeps {
  const found = new Map<number, OfTable>();
  const lost: Loss[] = [];
  const notes: string[] = [];
  for (const loss of losses) {
    if (loss.kind === 'large objects') {
      lost.push(loss);
      notes.push('Large objects are not kept: snapshot and backup hold them.');
      continue;
    }
    const meant = meantBy(loss, relations);
    if (meant.length === 0) {
      lost.push(loss);
      notes.push(`${loss.object}: the database has no such ${loss.kind === 'table' ? 'table' : 'object'}.`);
    }
    for (const { relation, column } of meant) {
      if (relation.foreign) {
        notes.push(`${loss.object}: a foreign table, its rows lie elsewhere and are not destroyed.`);
        continue;
      }
      const of = found.get(relation.oid) ?? { relation, whole: [], rows: [], columns: [] };
      found.set(relation.oid, of);
      if (column !== undefined) of.columns.push({ loss, name: column });
      else (loss.kind === 'table' ? of.whole : of.rows).push(loss);
    }
  }
  const tables = [...found.values()].filter((of) => !isCovered(of, found));
  const ordered = parentsFirst(tables.map((of) => ({ ...of.relation, of }))).map(({ of }) => of);
  return { keeps: ordered.flatMap((of) => keepsOf(of, copyHas)), lost, notes };
}

/** Names may hold dots, so that one may mean several: then all are kept. */
function meantBy(
  { kind, object }: Loss,
  relations: readonly Relation[],
): { relation: Relation; column?: string }[] {
  if (kind === 'table' || kind === 'rows')
    return relations.filter(({ key }) => key === object).map((relation) => ({ relation }));
  return relations.flatMap((relation) =>
    relation.columns
      .filter(({ name }) => `${relation.key}.${name}` === object)
      .map(({ name }) => ({ relation, column: name })),
  );
}

/** What a partition loses is kept with the partitioned table that loses it too. */
function isCovered({ relation, whole, rows, columns }: OfTable, found: Map<number, OfTable>): boolean {
  const root = relation.root === undefined ? undefined : found.get(relation.root);
  if (root === undefined) return false;
  if (root.whole.length > 0) return true;
  return (
    whole.length === 0 &&
    (rows.length === 0 || root.rows.length > 0) &&
    columns.every(({ name }) => root.columns.some((column) => column.name === name))
  );
}

function keepsOf(
  { relation, whole, rows, columns }: OfTable,
  copyHas: (relation: Relation, columns: readonly string[]) => boolean,
): Keep[] {
  const names = relation.columns.map(({ name }) => name);
  const lost = [...new Set(columns.map(({ name }) => name))];
  const keyIsLost = relation.primaryKey.some((name) => lost.includes(name));
  const key = keyIsLost ? [] : relation.primaryKey;
  const beside = names.filter((name) => !key.includes(name));
  const all = [...whole, ...rows, ...columns.map(({ loss }) => loss)];
  if (whole.length > 0)
    return [{ relation, losses: all, names, key, lost: key.length > 0 ? beside : [], adds: true }];
  if (key.length === 0) return [{ relation, losses: all, names, key, lost, adds: rows.length > 0 }];

  const keeps: Keep[] = [];
  const comparable = copyHas(relation, key);
  const changed = columns.filter(
    ({ loss, name }) => loss.kind === 'values' && comparable && copyHas(relation, [name]),
  );
  const gone = columns.filter((column) => !changed.includes(column));
  for (const [group, only] of [
    [gone, undefined],
    [changed, 'values'],
  ] as const) {
    if (group.length === 0) continue;
    const these = [...new Set(group.map(({ name }) => name))];
    keeps.push({
      relation,
      losses: group.map(({ loss }) => loss),
      names: [...key, ...these],
      key,
      lost: these,
      adds: false,
      ...(only && { only }),
    });
  }
  // Last: a row that is there may hold, until it has its old value again, what a lost one had in a unique column.
  if (rows.length > 0) {
    const known = comparable ? { lost: beside, only: 'rows' as const } : { lost: [] };
    keeps.push({ relation, losses: rows, names, key, adds: true, ...known });
  }
  return keeps;
}

/**
 * Puts tables before those that refer to them. Of tables that refer to each other the first stays first: the
 * script defers the foreign keys that point forward.
 */
function parentsFirst<T extends { oid: number; refersTo: readonly number[] }>(tables: readonly T[]): T[] {
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
