import { isToolTable } from '../../migrations/tool.ts';

/** What the comparison of row counts says. */
export interface RowFindings {
  wrong: string[];
  /** Tables that are gone, as the target wants it, with the rows that they held. */
  dropped: Record<string, number>;
  /** How many tables hold as many rows as after the stop. */
  equal: number;
}

/**
 * Compares the rows of every table with those counted after the stop; only tables that do not belong to the
 * target's schema may be gone (runbook, Step 5: check table counts).
 *
 * @param stays whether a table belongs to the schema at the target; where that is not known, whether the
 *   definition wants it
 */
export function compareRows(
  stopped: Record<string, number>,
  found: Record<string, number>,
  { stays, toolTables }: { stays: (table: string) => boolean; toolTables: readonly string[] },
): RowFindings {
  const findings: RowFindings = { wrong: [], dropped: {}, equal: 0 };
  for (const [table, before] of Object.entries(stopped)) {
    if (isToolTable(toolTables, table)) continue;
    const now = found[table];
    if (now === before) findings.equal++;
    else if (now !== undefined) findings.wrong.push(`${table}: ${before} rows after the stop, ${now} now`);
    else if (stays(table)) findings.wrong.push(`${table} is gone, with ${before} rows`);
    else findings.dropped[table] = before;
  }
  return findings;
}

/**
 * Compares the rows of every table with those that the rehearsed copy had after the downgrade; `stopped` are
 * those after the stop, from which both began.
 */
export function compareRehearsed(
  { stopped, rehearsed, found }: Record<'stopped' | 'rehearsed' | 'found', Readonly<Record<string, number>>>,
  toolTables: readonly string[],
): RowFindings {
  const findings: RowFindings = { wrong: [], dropped: {}, equal: 0 };
  for (const table of Object.keys({ ...stopped, ...rehearsed, ...found })) {
    if (isToolTable(toolTables, table)) continue;
    const [before, then, now] = [stopped[table], rehearsed[table], found[table]];
    if (now !== then)
      findings.wrong.push(
        `${table}: ${describe(now)} now, ${describe(then)} in the rehearsal${before === undefined ? '' : `, ${before} after the stop`}`,
      );
    else if (now !== undefined) findings.equal++;
    else if (before !== undefined) findings.dropped[table] = before;
  }
  return findings;
}

const describe = (rows: number | undefined) => (rows === undefined ? 'gone' : `${rows} rows`);
