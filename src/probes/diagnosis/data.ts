import type { Client } from '../../postgres/connect.ts';
import { counted, forbidden, unvalidated, violations } from '../../postgres/symptoms/integrity.ts';
import type { Sign } from '../../domain/diagnosis.ts';
import type { Forbidden } from '../../domain/definition/diagnosis.ts';
import type { BoundedProbe } from './bounded-probes.ts';

/** Violated or unvalidated constraints, and what the definition forbids (runbook, Scenario 2). */
export async function signsOfData(client: Client, forbid: Forbidden, look: BoundedProbe): Promise<Sign[]> {
  const signs: Sign[] = [];
  for (const { name, kind, query } of (await look('constraints', () => unvalidated(client))) ?? []) {
    const rows = await look(`constraint ${name}`, () => violations(client, query));
    const what = `${kind} constraint ${name}`;
    if (rows === undefined || rows === 0) {
      const seen = rows === 0 ? 'no row violates it' : 'its rows could not be counted in time';
      signs.push({ symptom: 'constraint-unvalidated', evidence: `${what} was never validated; ${seen}` });
    } else {
      signs.push({
        symptom: 'constraint-violated',
        evidence: `${counted(rows)} rows violate ${what}, which was never validated`,
      });
    }
  }
  for (const { symptom, what, query } of forbidden(forbid)) {
    const rows = await look(`${symptom} of ${what}`, () => violations(client, query));
    if (rows !== undefined && rows > 0)
      signs.push({ symptom, evidence: describe[symptom](what, counted(rows)) });
  }
  return signs;
}

const describe: Record<'nulls' | 'duplicates' | 'orphans', (what: string, rows: string) => string> = {
  nulls: (what, rows) => `${what} is null in ${rows} rows`,
  duplicates: (what, rows) => `${rows} values of ${what} are there more than once`,
  orphans: (what, rows) => `${rows} rows with ${what}`,
};
