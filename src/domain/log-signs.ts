import type { Sign } from './diagnosis.ts';

/** What error lines tell, by the words of PostgreSQL and psycopg; the first that fits a line counts. */
const patterns = [
  [
    'migration-failed',
    /Migration failed|InFailedSqlTransaction|current transaction is aborted|Duplicate(Table|Column|Object)|(relation|column|type) \S+ (of relation \S+ )?already exists/i,
  ],
  [
    'errors-of-integrity',
    /(ForeignKey|NotNull|Unique|Check|Exclusion)Violation|violates (foreign key|not-null|unique|check|exclusion) constraint|duplicate key value/i,
  ],
  [
    'errors-of-schema',
    /Undefined(Column|Table|Object|Function)|(column|relation|type|function) \S+ (of relation \S+ )?does not exist/i,
  ],
] as const satisfies [Sign['symptom'], RegExp][];

/**
 * One sign for each kind of line that was found: the newest line of it, and how many there are.
 *
 * @param failedLine matches what the migration tool says where a migration failed
 */
export function signsOfLines(lines: readonly string[], failedLine: RegExp): Sign[] {
  const kinds = lines.map((line) =>
    failedLine.test(line) ? 'migration-failed' : patterns.find(([, pattern]) => pattern.test(line))?.[0],
  );
  return patterns.flatMap(([symptom]) => {
    const alike = lines.filter((_, at) => kinds[at] === symptom);
    const last = alike.at(-1);
    if (last === undefined) return [];
    const more = alike.length > 1 ? ` (${alike.length} lines like it)` : '';
    return [{ symptom, evidence: `log of ${last}${more}` }];
  });
}
