import { catalog, counts as countsOf } from '../../postgres/catalog.ts';
import { withClient } from '../../postgres/connect.ts';
import { differences } from '../../schema-diff/differences.ts';
import { filled } from '../../dumps/fill.ts';
import type { RestoreArguments, RestoreResult } from '../../dumps/manifest.ts';
import { sayProgress } from '../../kubernetes/job-protocol.ts';

/**
 * Fills an empty database from a dump (runbook, Emergency Database Restore), as a member of the owner, so that
 * every object belongs to whom it belonged; then compares rows and schema with those of the backup.
 *
 * @param url the admin's connection to the new database
 * @throws Failure RestoreFailed, BackupNotProved
 */
export async function restore(url: string, wanted: RestoreArguments): Promise<RestoreResult> {
  const began = Date.now();
  const manifest = await filled(url, wanted);
  return withClient(url, { operation: wanted.operation }, async (client) => {
    // Without statistics the planner would read whole tables in the first minutes.
    sayProgress({ doing: 'Gathering statistics' });
    await client.query('ANALYZE');
    const counts = await countsOf(client);
    return {
      counts,
      // The result is one line of the Job's log.
      differences: differences(manifest.catalog, await catalog(client)).slice(0, 50),
      seconds: (Date.now() - began) / 1_000,
    };
  });
}
