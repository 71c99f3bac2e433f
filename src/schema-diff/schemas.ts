import { isToolTable } from '../migrations/tool.ts';
import { kinds, type Catalog, type Kind } from '../postgres/catalog.ts';
import { short } from './differences.ts';

/** Four catalogs, of which two are the database's own. */
export interface Schemas {
  /** As the migrations make it at the target, and at the revision from which the rollback began. */
  target: Catalog;
  from: Catalog | undefined;
  /** The database now, and just before the downgrade; unknown where somebody else moved it. */
  now: Catalog;
  before: Catalog | undefined;
}

export interface SchemaFindings {
  /** What the rollback did not do as it should. */
  wrong: string[];
  /** What differs from the migrations, and did so before: nobody's work of tonight. */
  drift: string[];
}

/**
 * Grants, comments and what is published are often given by hand, and go with their tables; they are told, and
 * nothing hangs on them.
 */
export const byHand = new Set<Kind>(['grant', 'comment', 'publication']);

/**
 * Compares the schema with the one that the same migrations build at the target (runbook, Step 5). A
 * difference counts as drift only where it was there before, and where the reverted migrations do not touch
 * the object; what vanished although no migration makes it is wrong too.
 */
export function compareSchemas(
  { target, from, now, before }: Schemas,
  toolTables: readonly string[],
): SchemaFindings {
  const findings: SchemaFindings = { wrong: [], drift: [] };
  for (const kind of kinds) {
    const names = Object.keys({ ...target[kind], ...now[kind], ...before?.[kind] });
    for (const name of names.toSorted()) {
      if (isToolTable(toolTables, name)) continue;
      const want = target[kind][name];
      const have = now[kind][name];
      const had = before?.[kind][name];
      const made = from?.[kind][name];
      if (want === have) {
        const lost = have === undefined && had !== undefined && from !== undefined && made === undefined;
        if (lost) put(kind, `${kind} ${name} is gone, and no migration makes it (it was: ${short(had)})`);
        continue;
      }
      const known = from !== undefined && before !== undefined;
      if (known && have === had && want === made) findings.drift.push(describe(kind, name, want, have));
      else put(kind, describe(kind, name, want, have));
    }
  }
  return findings;

  function put(kind: Kind, said: string): void {
    (byHand.has(kind) ? findings.drift : findings.wrong).push(said);
  }
}

function describe(kind: Kind, name: string, want: string | undefined, have: string | undefined): string {
  if (have === undefined) return `${kind} ${name} is missing (expected: ${short(want)})`;
  if (want === undefined) return `${kind} ${name} should not be there (${short(have)})`;
  return `${kind} ${name}: expected ${short(want)}, found ${short(have)}`;
}
