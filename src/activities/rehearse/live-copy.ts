import type { CopyLiveArguments } from '../rehearse-live/job.ts';
import { quoted, withClient } from '../../postgres/connect.ts';
import { createDatabase, extensionsOf } from '../../postgres/databases.ts';
import { carryOver } from '../../postgres/properties.ts';
import { Failure } from '../../domain/failures.ts';
import { besideName } from '../../domain/names.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import { adminUrl, applicationUrl, extensionAdminUrl, jobSecret } from '../connections.ts';
import type { Attempt, Dependencies } from '../dependencies.ts';
import { ownProgram } from '../own-program.ts';
import { tooBig } from '../snapshot/budget.ts';

export const liveCopyName = ({ database, operation }: Plan): string =>
  besideName(`live_${database.name}`, 'scratch', operation);

/** Makes a copy of the live database by dump and restore, closed to PUBLIC: cloning would need it to be empty of sessions. */
export async function copyLive(dependencies: Dependencies, plan: Plan, attempt: Attempt): Promise<void> {
  const { service, operation, database } = plan;
  const copy = liveCopyName(plan);
  const [admin, live] = [await adminUrl(dependencies, service), await applicationUrl(dependencies, service)];
  const why = await tooBig(admin, { ...plan, database: { ...database, fencedName: database.name } });
  if (why !== undefined) throw new Failure('RehearsalFailed', `No copy is made: ${why}.`);
  const session = { operation, signal: attempt.signal };
  const extensions = await withClient(live, session, extensionsOf);
  attempt.progress({ doing: `creating ${copy}` });
  await withClient(admin, session, async (client) => {
    await createDatabase(client, {
      name: copy,
      like: database.name,
      extensions,
      adminUrl: admin,
      extensionAdminUrl: await extensionAdminUrl(dependencies, service),
      operation,
    });
    for (const note of await carryOver(client, database.name, copy)) attempt.log.warn(note);
    await client.query(`REVOKE ALL ON DATABASE ${quoted(copy)} FROM PUBLIC`);
    if (database.role !== database.owner)
      await client.query(`GRANT CONNECT, TEMPORARY ON DATABASE ${quoted(copy)} TO ${quoted(database.role)}`);
  });
  const wanted: CopyLiveArguments = {
    operation,
    extensionSchemas: extensions.flatMap(({ schema }) => schema?.name ?? []),
  };
  const secret = await jobSecret(dependencies, {
    operation,
    service,
    part: 'copy-live',
    database: database.name,
    adminDatabase: copy,
  });
  await ownProgram(
    dependencies,
    { plan, try: 1 },
    attempt,
    { step: 'rehearse', part: 'copy', program: 'copy-live', arguments: wanted, secret },
    'RehearsalFailed',
  );
}
