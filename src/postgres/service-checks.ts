import { withClient, type Client } from './connect.ts';
import { inSnapshot } from './tables.ts';
import { Failure } from '../domain/failures.ts';
import type { OperationId } from '../domain/names.ts';
import type { SqlCheck } from '../domain/definition/checks.ts';
import { redact, truncate } from '../domain/redact.ts';

/** What the service's own SQL checks say. */
export interface CheckFindings {
  wrong: string[];
  checked: string[];
}

/** More rows of a failed check help nobody. */
const mostRows = 3;

/**
 * Makes the service's own checks, one read-only transaction each, so that a failed one does not hide the next.
 *
 * @throws Failure DatabaseUnreachable and the like where there is no session; never for a check that fails
 */
export async function serviceChecks(
  url: string,
  checks: readonly SqlCheck[],
  { operation, signal }: { operation: OperationId; signal: AbortSignal },
): Promise<CheckFindings> {
  const findings: CheckFindings = { wrong: [], checked: [] };
  for (const check of checks) {
    const wrong = await withClient(
      url,
      { operation, signal, statementTimeout: check.within },
      async (client) => {
        try {
          return await inSnapshot(client, () => make(client, check));
        } catch (error) {
          if (error instanceof Failure) return `could not be made: ${error.message}`;
          throw error;
        }
      },
    );
    if (wrong === undefined) findings.checked.push(`own check “${check.name}”`);
    else findings.wrong.push(`own check “${check.name}” ${truncate(redact(wrong), 300)}`);
  }
  return findings;
}

/** @returns what is wrong; undefined where the check passes */
async function make(client: Client, { query, expect }: SqlCheck): Promise<string | undefined> {
  // A cursor: a query that finds a million rows gives a few. Prepared: one statement, and no more.
  await client.query({ name: 'own_check', text: `DECLARE own_check NO SCROLL CURSOR FOR ${query}` });
  const { rows } = await client.query<unknown[]>({
    text: `FETCH ${mostRows + 1} FROM own_check`,
    rowMode: 'array',
  });
  const [first] = rows;
  const single = rows.length === 1 && first?.length === 1 ? first[0] : undefined;
  if (expect === undefined) {
    if (rows.length === 0 || single === true) return undefined;
    return `found ${describe(rows)}`;
  }
  return single !== undefined && single !== null && asText(single) === String(expect)
    ? undefined
    : `expected ${String(expect)}, found ${describe(rows)}`;
}

function describe(rows: unknown[][]): string {
  if (rows.length === 0) return 'no row';
  const more = rows.length > mostRows ? ' and more' : '';
  return (
    rows
      .slice(0, mostRows)
      .map((row) => `(${row.map(asText).join(', ')})`)
      .join(', ') + more
  );
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
