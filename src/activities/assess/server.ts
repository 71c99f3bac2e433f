import { siblingName, type OperationId } from '../../domain/names.ts';
import type { FinishedOperation, OperationRecord } from '../../domain/record.ts';
import type { SecretReference, ServiceDefinition } from '../../domain/definition/service.ts';
import { readRecord } from '../../kubernetes/records.ts';
import { readSecret } from '../../kubernetes/secrets.ts';
import { namesOf, withClient, type Client } from '../../postgres/connect.ts';
import { raise, state } from '../../postgres/fence.ts';
import type { Dependencies } from '../context.ts';
import { proveAdmin } from './admin-rights.ts';
import type { Faults } from './faults.ts';
import { isOpen } from './temporal.ts';

/** What the maintenance connection shows: the server, where the database is, and who holds it. */
export interface ServerFacts {
  server: string;
  serverMajor: number;
  /** The database's own name, and the one it has right now. */
  name: string;
  now: string;
  fencedName: string;
  owner: string;
  admin: { role: string; superuser: boolean };
  /** The application's URL; a secret, never part of a plan. */
  applicationUrl: string;
  adminUrl: string;
  record?: OperationRecord;
  /** Whether the run that wrote the record, another operation's, is open. */
  open: boolean;
  finished: FinishedOperation[];
}

/** Short: assess must not make things worse. */
export const carefully = { statementTimeout: 10_000, lockTimeout: 2_000 } as const;

/** Reads a Secret; what is wrong with the connection is later told with its name. */
export const secretName = (service: ServiceDefinition, { secret }: SecretReference): string =>
  `Secret ${service.namespace}/${secret}`;

/**
 * Looks at the server, proves the rights of the maintenance role, and finds the record of the database.
 * Where an unfinished operation died between two commands of the fence, that fence is completed: the
 * database cannot be looked at otherwise.
 */
export async function lookAtServer(
  dependencies: Dependencies,
  service: ServiceDefinition,
  operation: OperationId,
  options: { onlyPlan: boolean; faults: Faults },
): Promise<ServerFacts | undefined> {
  const { faults, onlyPlan } = options;
  const read = (reference: SecretReference) =>
    faults.try(() => readSecret(dependencies.cluster, service.namespace, reference));
  const [applicationUrl, adminUrl] = await Promise.all([
    read(service.database.url),
    read(service.database.admin),
  ]);
  if (applicationUrl === undefined || adminUrl === undefined) return undefined;
  return faults.try(
    () =>
      withClient(adminUrl, { ...carefully, operation }, async (admin) => {
        const name = namesOf(applicationUrl).database;
        const server = await serverOf(admin);
        const { record, finished } = await readRecord(dependencies.cluster, dependencies.recordsNamespace, {
          server: server.id,
          name,
        });
        const fencedName = record?.database.fencedName ?? siblingName(name, 'backstep', operation);
        if (server.database === name || server.database === fencedName) {
          faults.add(
            'DatabaseInvalid',
            `${secretName(service, service.database.admin)} leads to ${server.database} itself; a session there keeps it from being fenced off. Name a maintenance database such as postgres.`,
          );
          return undefined;
        }
        const open = record !== undefined && record.operation !== operation && (await isOpen(record));
        const mayComplete = record !== undefined && !open && !onlyPlan;
        const now = await whereItIs(admin, { name, fencedName }, { mayComplete, faults });
        if (now === undefined) return undefined;
        const owner = await proveAdmin(admin, now, faults);
        return {
          server: server.id,
          serverMajor: server.major,
          name,
          now,
          fencedName,
          owner,
          admin: { role: server.role, superuser: server.superuser },
          applicationUrl,
          adminUrl,
          ...(record && { record }),
          open,
          finished,
        };
      }),
    secretName(service, service.database.admin),
  );
}

/** @returns `system_identifier`, major version, and who asks where */
export async function serverOf(client: Client) {
  const { rows } = await client.query<{
    id: string;
    major: number;
    database: string;
    role: string;
    superuser: boolean;
  }>(
    `SELECT s.system_identifier::text AS id, current_setting('server_version_num')::int / 10000 AS major,
            current_database() AS database, current_user AS role, r.rolsuper AS superuser
     FROM pg_catalog.pg_control_system() s, pg_catalog.pg_roles r WHERE r.rolname = current_user`,
  );
  const [row] = rows;
  if (row === undefined) throw new Error('the session has no role');
  return row;
}

/** @returns the name under which the database is right now; undefined with a fault where it is nowhere */
async function whereItIs(
  admin: Client,
  names: { name: string; fencedName: string },
  { mayComplete, faults }: { mayComplete: boolean; faults: Faults },
): Promise<string | undefined> {
  const found = await state(admin, names);
  if (found === 'down') return names.name;
  if (found === 'up') return names.fencedName;
  if (found === 'occupied') {
    const words = `Both ${names.name} and ${names.fencedName} exist: the database was fenced off, and somebody made another one under its name.`;
    faults.add('DatabaseInvalid', `${words} Rename or remove the new one.`);
    return undefined;
  }
  if (found === 'half' && mayComplete) {
    await raise(admin, names);
    return names.fencedName;
  }
  const { rows } = await admin.query<{ datname: string }>(
    `SELECT datname FROM pg_catalog.pg_database WHERE starts_with(datname, $1) ORDER BY 1`,
    [`${names.name}__backstep_`],
  );
  const others = rows.map(({ datname }) => datname);
  const perhaps =
    others.length === 0
      ? ''
      : ` There is ${others.join(', ')}: an operation without a record fenced it off; rename it back.`;
  const half = `Database ${names.name} is half fenced off or accepts no connections.`;
  faults.add('DatabaseInvalid', (found === 'half' ? half : `There is no database ${names.name}.`) + perhaps);
  return undefined;
}
