import type { Sign } from '../../domain/diagnosis.ts';
import type { Client } from '../../postgres/connect.ts';
import { blockers, indexBuilds, type Blocker } from '../../postgres/symptoms/blocking.ts';
import {
  invalidIndexes,
  missingIndexes,
  scannedTables,
  unusedIndexes,
} from '../../postgres/symptoms/indexes.ts';
import type { BoundedProbe } from './bounded-probes.ts';
import { bytes } from '../../domain/text.ts';

/** Index builds and migrations that block, and what failed builds have left (runbook, "Index creation failures blocking queries"). */
export async function signsOfLocks(client: Client, look: BoundedProbe): Promise<Sign[]> {
  const blocking = (await look('locks', () => blockers(client))) ?? [];
  const builds = (await look('index builds', () => indexBuilds(client))) ?? [];
  const invalid = (await look('invalid indexes', () => invalidIndexes(client))) ?? [];
  return [
    ...blocking.map((blocker): Sign => ({ symptom: 'blocking', evidence: describe(blocker) })),
    ...builds
      .filter(({ pid }) => !blocking.some((blocker) => blocker.pid === pid))
      .map(({ pid, index, table, phase }): Sign => ({
        symptom: 'index-building',
        evidence: `index ${index} on ${table} is being built by pid ${pid}: ${phase}`,
      })),
    ...invalid.map(({ name, table, ready }): Sign => ({
      symptom: 'index-invalid',
      evidence: `index ${name} on ${table} is ${ready ? 'not valid' : 'neither valid nor ready'}: REINDEX INDEX CONCURRENTLY ${name}, or drop it`,
    })),
  ];
}

function describe({ pid, role, application, state, seconds, statement, locks, waiting }: Blocker): string {
  const who = [`pid ${pid} of ${role}`, application === '' ? '' : ` (${application})`].join('');
  const doing = [state, statement].filter((word) => word !== '').join(': ');
  return `${who}, ${doing || 'unknown'}, for ${Math.round(seconds)} s, holds or wants ${locks.slice(0, 3).join(', ')}; ${waiting} waiting. To end it: SELECT pg_cancel_backend(${pid})`;
}

/** Missing and unused indexes, and tables that are read from end to end (runbook, Scenario 3). */
export async function signsOfIndexes(
  client: Client,
  wanted: readonly string[],
  look: BoundedProbe,
): Promise<Sign[]> {
  const missing = (await look('missing indexes', () => missingIndexes(client, wanted))) ?? [];
  const unused = (await look('unused indexes', () => unusedIndexes(client))) ?? [];
  const scanned = (await look('table scans', () => scannedTables(client))) ?? [];
  return [
    ...missing.map((name): Sign => ({
      symptom: 'index-missing',
      evidence: `index ${name} of the definition is not there`,
    })),
    ...unused.map(({ name, table, bytes: size }): Sign => ({
      symptom: 'index-unused',
      evidence: `index ${name} on ${table} (${bytes(size)}) was never used since the statistics began`,
    })),
    ...scanned.map(({ table, scans, rows }): Sign => ({
      symptom: 'scans-many',
      evidence: `table ${table} (${rows.toLocaleString('en')} rows) was read from end to end ${scans.toLocaleString('en')} times`,
    })),
  ];
}
