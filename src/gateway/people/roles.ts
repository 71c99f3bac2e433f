import type { ServiceDefinition } from '../../domain/definition/service.ts';
import type { Definitions } from '../../storage/definitions.ts';

/**
 * So many bytes of roles, as JSON, go into the cookie of a session, of which browsers take 4,096 in all, and into what
 * is signed.
 */
export const roleBytes = 1_000;
/** As many as a statement may name. */
const most = 50;
/** For so long definitions are not read again. */
const keptFor = 10_000;

const bytesOf = (role: string) => Buffer.byteLength(JSON.stringify(role)) + 1;

/** As many roles as fit; those that somebody asks for come first, since a provider may name hundreds more. */
export function fitting(roles: readonly string[], asked: ReadonlySet<string>): string[] {
  const own = [...new Set(roles)].filter((role) => role !== '' && role.length <= 100);
  const first = [...own.filter((role) => asked.has(role)), ...own.filter((role) => !asked.has(role))];
  let bytes = 2;
  return first.filter((role) => (bytes += bytesOf(role)) <= roleBytes).slice(0, most);
}

const rolesOf = ({ approvals }: ServiceDefinition): string[] => {
  const { start, downgrade, base, loss, restore, breakGlass } = approvals;
  const gates = [start, downgrade, base, loss, restore].flatMap(({ roles }) => roles);
  return [...gates, ...(breakGlass?.roles ?? [])];
};

/** The roles that the policy of any service asks for. A definition that cannot be read asks for none. */
export function rolesAskedFor(definitions: Definitions, now: () => number): () => Promise<Set<string>> {
  let read: { at: number; roles: Promise<Set<string>> } | undefined;
  const load = async () => {
    const names = await definitions.list().catch(() => []);
    const loaded = await Promise.all(names.map((name) => definitions.load(name)));
    return new Set(loaded.flatMap((one) => ('definition' in one ? rolesOf(one.definition) : [])));
  };
  return () => {
    if (read === undefined || now() - read.at > keptFor) read = { at: now(), roles: load() };
    return read.roles;
  };
}
