import type { Client } from '../../postgres/connect.ts';
import { setEnabled, subscriptionsOf } from '../../postgres/subscriptions.ts';
import type { Attempt, ServerAccess } from '../context.ts';

/**
 * Wants no subscription of a database enabled. A restored one is as it was at the recovery time: its worker comes back by
 * the OID of the database, whatever that is called, and takes from the slot of the old instance what that one then
 * never gets.
 *
 * @param at name of the database right now
 * @returns their names
 * @throws Failure DatabaseRightMissing where one belongs to a role that the maintenance role is no member of
 */
export async function disableSubscriptions(
  { admin }: Pick<ServerAccess, 'admin'>,
  at: string,
  log: Attempt['log'],
): Promise<string[]> {
  const disable = async (client: Client) => {
    const found = await subscriptionsOf(client, at);
    for (const { name, enabled } of found) {
      if (!enabled) continue;
      log.warn(`subscription ${name} was enabled in the new instance`);
      await setEnabled(client, name, false);
    }
    return found.map(({ name }) => name);
  };
  return admin(disable, { on: at, statementTimeout: 15_000 });
}
