import type {
  Configuration,
  FirewallRule,
  PostgreSQLManagementFlexibleServerClient,
  Server,
} from '@azure/arm-postgresql-flexible';

interface Carrying {
  old: Server;
  name: string;
  signal: AbortSignal;
  every: number;
}

/**
 * Gives the restored server what differs from the old one: server parameters that were set, firewall rules,
 * high availability. Looks first, so that a second run finds nothing to do.
 *
 * @returns what could not be carried over, in words
 */
export async function carryOver(
  client: PostgreSQLManagementFlexibleServerClient,
  group: string,
  { old, name, signal, every }: Carrying,
): Promise<string[]> {
  const options = { abortSignal: signal, updateIntervalInMs: every };
  const from = old.name ?? '';
  const parameters = (of: string) =>
    all(client.configurations.listByServer(group, of, { abortSignal: signal }));
  const is = new Map((await parameters(name)).map((each) => [each.name, each]));
  const notes: string[] = [];
  let restart = false;
  for (const wanted of (await parameters(from)).filter(isSet)) {
    const { name: parameter = '', value = '' } = wanted;
    if (is.get(parameter)?.value === value) continue;
    if (wanted.isReadOnly === true) {
      notes.push(
        `server parameter ${parameter} is ${is.get(parameter)?.value ?? 'not there'}, of the old server ${value}`,
      );
      continue;
    }
    await client.configurations.beginUpdateAndWait(
      group,
      name,
      parameter,
      { value, source: 'user-override' },
      options,
    );
    restart ||= wanted.isDynamicConfig === false;
  }
  if (restart) await client.servers.beginRestartAndWait(group, name, options);

  if (old.network?.delegatedSubnetResourceId === undefined) {
    const rules = (of: string) =>
      all<FirewallRule>(client.firewallRules.listByServer(group, of, { abortSignal: signal }));
    const there = new Map((await rules(name)).map((rule) => [rule.name, rule]));
    for (const { name: rule = '', startIpAddress, endIpAddress } of await rules(from)) {
      const found = there.get(rule);
      if (found?.startIpAddress === startIpAddress && found.endIpAddress === endIpAddress) continue;
      await client.firewallRules.beginCreateOrUpdateAndWait(
        group,
        name,
        rule,
        { startIpAddress, endIpAddress },
        options,
      );
    }
  }

  const { mode = 'Disabled' } = old.highAvailability ?? {};
  const now = await client.servers.get(group, name, { abortSignal: signal });
  if ((now.highAvailability?.mode ?? 'Disabled') !== mode)
    await client.servers.beginUpdateAndWait(group, name, { highAvailability: { mode } }, options);
  return notes;
}

/** Set by a person: everything else follows from size and version of the server. */
const isSet = ({ source }: Configuration): boolean => source === 'user-override';

async function all<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const each of pages) found.push(each);
  return found;
}
