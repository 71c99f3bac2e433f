import { siblingName } from '../domain/names.ts';
import type { FinishedOperation, OperationRecord } from '../domain/record.ts';
import type { SecretReference, ServiceDefinition } from '../domain/definition/service.ts';
import { readRecord } from '../kubernetes/records.ts';
import { readSecret } from '../kubernetes/secrets.ts';
import { namesOf, withClient, type Client } from '../postgres/connect.ts';
import { serverOf } from '../postgres/databases.ts';
import { raise, state } from '../postgres/fence.ts';
import { defined } from '../domain/defined.ts';
import { fault } from '../domain/failures.ts';
import { proveAdmin } from './admin-rights.ts';
import { found, lacking, looking, faultsAndNotes, type Findings } from './findings.ts';
import type { ProbeContext } from './context.ts';

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
export async function lookAtServer(context: ProbeContext): Promise<Findings<ServerFacts>> {
  const { cluster, service } = context;
  const read = (reference: SecretReference) =>
    looking(async () => found(await readSecret(cluster, service.namespace, reference)));
  const [application, maintenance] = await Promise.all([
    read(service.database.url),
    read(service.database.admin),
  ]);
  const [applicationUrl, adminUrl] = [application.facts, maintenance.facts];
  if (applicationUrl === undefined || adminUrl === undefined)
    return lacking(faultsAndNotes([application, maintenance]).faults);
  const where = secretName(service, service.database.admin);
  const session = { ...carefully, operation: context.operation };
  const look = (admin: Client) => lookBy(admin, context, { applicationUrl, adminUrl });
  return looking(() => withClient(adminUrl, session, look), where);
}

async function lookBy(
  admin: Client,
  { cluster, recordsNamespace, service, operation, onlyPlan, isOpen }: ProbeContext,
  urls: { applicationUrl: string; adminUrl: string },
): Promise<Findings<ServerFacts>> {
  const name = namesOf(urls.applicationUrl).database;
  const server = await serverOf(admin);
  const id = { server: server.id, name };
  const { record, finished } = await readRecord(cluster, recordsNamespace, id);
  const fencedName = record?.database.fencedName ?? siblingName(name, 'backstep', operation);
  if (server.database === name || server.database === fencedName) {
    const text = `${secretName(service, service.database.admin)} leads to ${server.database} itself; a session there keeps it from being fenced off. Name a maintenance database such as postgres.`;
    return lacking([fault('DatabaseInvalid', text)]);
  }
  const open = record !== undefined && record.operation !== operation && (await isOpen(record));
  const mayComplete = record !== undefined && !open && !onlyPlan;
  const now = await whereItIs(admin, { name, fencedName }, mayComplete);
  if (now.facts === undefined) return lacking(now.faults);
  const { facts: owner = '', faults } = await proveAdmin(admin, now.facts);
  const facts: ServerFacts = {
    server: server.id,
    serverMajor: server.major,
    name,
    now: now.facts,
    fencedName,
    owner,
    admin: { role: server.role, superuser: server.superuser },
    ...urls,
    ...defined({ record }),
    open,
    finished,
  };
  return found(facts, { faults });
}

/** @returns the name under which the database is right now */
async function whereItIs(
  admin: Client,
  names: { name: string; fencedName: string },
  mayComplete: boolean,
): Promise<Findings<string>> {
  const is = await state(admin, names);
  if (is === 'down') return found(names.name);
  if (is === 'up') return found(names.fencedName);
  if (is === 'occupied') {
    const text = `Both ${names.name} and ${names.fencedName} exist: the database was fenced off, and somebody made another one under its name.`;
    return lacking([fault('DatabaseInvalid', `${text} Rename or remove the new one.`)]);
  }
  if (is === 'half' && mayComplete) {
    await raise(admin, names);
    return found(names.fencedName);
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
  return lacking([
    fault('DatabaseInvalid', (is === 'half' ? half : `There is no database ${names.name}.`) + perhaps),
  ]);
}
