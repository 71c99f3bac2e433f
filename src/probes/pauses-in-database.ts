import { withClient, withDatabase, type Client } from '../postgres/connect.ts';
import { migrationSessions } from '../migrations/version-table.ts';
import { keepsCronJobs, scheduledQueries } from '../postgres/pg-cron.ts';
import { subscriptionsOf } from '../postgres/subscriptions.ts';
import type { OperationId } from '../domain/names.ts';
import type { PausedCronJob, PausedSubscription } from '../domain/plan/pauses.ts';
import type { ServiceDefinition } from '../domain/definition/service.ts';
import { defined } from '../domain/defined.ts';
import { fault, type Fault } from '../domain/failures.ts';
import { found, faultsAndNotes, type Findings } from './findings.ts';
import type { ProbeContext } from './context.ts';
import { carefully, type ServerFacts } from './server.ts';

type Writes = ServiceDefinition['writes'];

/** What writes to the database from within its server, and a migration that is under way. */
export async function pausesInDatabase(
  { tool, service, operation }: ProbeContext,
  facts: ServerFacts,
): Promise<Findings<(PausedSubscription | PausedCronJob)[]>> {
  const limits = { ...carefully, operation };
  const { writes } = service;
  const running = await withClient(withDatabase(facts.applicationUrl, facts.now), limits, (client) =>
    migrationSessions(client, tool),
  );
  const notes = running.map(
    (text) =>
      `A migration is running, or was left in its transaction (${text}): it is ended with the writes.`,
  );
  const subscriptions = await withClient(withDatabase(facts.adminUrl, facts.now), limits, (client) =>
    subscriptionsToPause(client, writes, facts),
  );
  const queries = await queriesToPause(writes, facts, operation);
  const said = faultsAndNotes([subscriptions, queries]);
  return found([...subscriptions.facts, ...queries.facts], { ...said, notes: [...notes, ...said.notes] });
}

async function subscriptionsToPause(
  client: Client,
  writes: Writes,
  facts: ServerFacts,
): Promise<Findings<PausedSubscription[]> & { facts: PausedSubscription[] }> {
  const { rows } = await client.query<{ name: string }>(
    'SELECT pubname AS name FROM pg_catalog.pg_publication ORDER BY 1',
  );
  const notes = rows.map(
    ({ name }) => `Publication ${name} is in the database: what is subscribed to it follows the downgrade.`,
  );
  const faults: Fault[] = [];
  const pauses: PausedSubscription[] = [];
  for (const { name, enabled, owner, mayChange } of await subscriptionsOf(client, facts.now)) {
    const what = `Subscription ${name}`;
    if (!enabled) notes.push(`${what} was found disabled already, and stays so.`);
    else if (writes.subscriptions === 'name')
      notes.push(
        `${what} is not disabled (writes.subscriptions: name): writes cannot be stopped while it is enabled.`,
      );
    else if (mayChange) {
      notes.push(`${what} writes to the database: it is disabled while writes are stopped.`);
      pauses.push({ in: 'subscription', what, name, until: 'start' });
    } else {
      const text = `${what} of role ${owner} writes to the database, and Backstep may not disable it. ALTER SUBSCRIPTION "${name}" OWNER TO "${facts.owner}", or disable it before.`;
      faults.push(fault('DatabaseRightMissing', text));
    }
  }
  return found(pauses, { faults, notes });
}

/** pg_cron keeps its jobs in one database of the server: by default the maintenance one. */
async function queriesToPause(
  writes: Writes,
  facts: ServerFacts,
  operation: OperationId,
): Promise<Findings<PausedCronJob[]> & { facts: PausedCronJob[] }> {
  const pauses: PausedCronJob[] = [];
  const notes: string[] = [];
  for (const home of [undefined, facts.now]) {
    const url = home === undefined ? facts.adminUrl : withDatabase(facts.adminUrl, home);
    await withClient(url, { ...carefully, operation }, async (client) => {
      const keeps = await keepsCronJobs(client);
      if (keeps === 'no') return;
      const { rows } = await client.query<{ name: string }>('SELECT current_database() AS name');
      const where = rows[0]?.name ?? '';
      if (keeps === 'unseen') {
        notes.push(
          `pg_cron is installed in ${where}, where Backstep may not look at its jobs: those of ${facts.name} fail while it is fenced off.`,
        );
        return;
      }
      for (const { job, name, role, active, mayChange } of await scheduledQueries(client, facts.name)) {
        if (!active) continue;
        const what = `pg_cron job ${job} (${name}, of role ${role})`;
        if (writes.scheduledQueries === 'pause' && mayChange) {
          notes.push(`${what} is paused while writes are stopped.`);
          const here = home === undefined ? where : undefined;
          pauses.push({ in: 'pg_cron', what, ...defined({ home: here }), job, until: 'start' });
        } else {
          const why = mayChange
            ? 'writes.scheduledQueries: name'
            : `GRANT EXECUTE ON FUNCTION cron.alter_job TO "${role}" would allow it`;
          notes.push(`${what} is not paused (${why}): its runs fail while the database is fenced off.`);
        }
      }
    });
  }
  return found(pauses, { notes });
}
