import type { CopyLiveArguments } from './job.ts';
import { quoted } from '../../postgres/connect.ts';
import { createDatabase, extensionsOf } from '../../postgres/databases.ts';
import { carryOver } from '../../postgres/properties.ts';
import { Failure } from '../../domain/failures.ts';
import { siblingName } from '../../domain/names.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import type { ActivityContext } from '../context.ts';
import { tooBig } from '../free-space.ts';

export const liveCopyName = ({ database, operation }: Plan): string =>
  siblingName(`live_${database.name}`, 'scratch', operation);

/** Makes a copy of the live database by dump and restore, closed to PUBLIC: cloning would need it to be empty of sessions. */
export async function copyLive(context: ActivityContext): Promise<void> {
  const { operation, plan } = context;
  const { database } = plan;
  const copy = liveCopyName(plan);
  const why = await tooBig(context, database.name);
  if (why !== undefined) throw new Failure('RehearsalFailed', `No copy is made: ${why}.`);
  const extensions = await context.database(database.name, extensionsOf);
  context.progress({ doing: `creating ${copy}` });
  await context.admin(async (client) => {
    await createDatabase(client, {
      name: copy,
      like: database.name,
      extensions,
      adminUrl: await context.adminUrl(),
      extensionAdminUrl: await context.extensionAdminUrl(),
      operation,
    });
    for (const note of await carryOver(client, database.name, copy)) context.log.warn(note);
    await client.query(`REVOKE ALL ON DATABASE ${quoted(copy)} FROM PUBLIC`);
    if (database.role !== database.owner)
      await client.query(`GRANT CONNECT, TEMPORARY ON DATABASE ${quoted(copy)} TO ${quoted(database.role)}`);
  });
  const wanted: CopyLiveArguments = {
    operation,
    extensionSchemas: extensions.flatMap(({ schema }) => schema?.name ?? []),
  };
  await context.runJob('copy-live', wanted, {
    step: 'rehearse',
    part: 'copy',
    databases: { database: database.name, adminDatabase: copy },
    orElse: 'RehearsalFailed',
  });
}
