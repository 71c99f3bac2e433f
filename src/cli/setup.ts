import type { Command } from 'commander';
import proto from '@temporalio/proto';
import { setTimeout as pause } from 'node:timers/promises';
import { ClientError } from '../client.ts';
import type { Backstep } from '../client.ts';
import { clientError } from '../client/client-error.ts';
import { searchAttributes } from '../runbook/messages.ts';
import { json, withBackstep } from './doors.ts';
import type { GlobalOptions, Register } from './doors.ts';
import { exit } from './exit.ts';

const keyword = proto.temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;
const names = Object.values(searchAttributes);

const rest = `Search attributes are all that Temporal needs. For Kubernetes and PostgreSQL:
  kubectl apply -f deploy/rbac.yaml                                  once a cluster
  kubectl apply -f deploy/rbac-service.yaml -n <service namespace>   once a service
  and the Secrets and the backup volume claim that its definition names
`;

export const setup: Register = (program, doors, action) => {
  program
    .command('setup')
    .description('Register the search attributes in the Temporal namespace; can run again')
    .action(
      action(async (_options: object, command: Command) => {
        const options = command.optsWithGlobals<GlobalOptions>();
        return withBackstep(doors, options, async (backstep) => {
          const registered = await register(backstep);
          if (options.json) doors.out(json({ registered, searchAttributes: names }));
          else {
            const { namespace } = backstep.temporal.options;
            const what =
              registered.length === 0 ? 'were registered before' : `${registered.join(', ')} registered`;
            doors.out(`Search attributes in namespace ${namespace}: ${what}.\n${rest}`);
          }
          return exit.done;
        });
      }),
    );
};

/** Registers what is missing, and waits until the server knows it. Answers with what was missing. */
async function register(backstep: Backstep): Promise<string[]> {
  const { connection, options } = backstep.temporal;
  const { namespace } = options;
  const operator = connection.operatorService;
  try {
    const known = async () => (await operator.listSearchAttributes({ namespace })).customAttributes ?? {};
    const before = await known();
    const wrong = names.filter((name) => before[name] !== undefined && before[name] !== keyword);
    if (wrong.length > 0) {
      const next = `Remove them first: \`temporal operator search-attribute remove --name ${wrong.join(' --name ')}\`.`;
      throw new ClientError('refused', `${wrong.join(', ')} exist, but not as Keyword.`, next);
    }
    const missing = names.filter((name) => before[name] === undefined);
    if (missing.length === 0) return [];
    await operator.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, keyword])),
    });
    // The server's own cache is behind by up to some seconds.
    for (let waited = 0; waited < 50; waited += 1) {
      const now = await known();
      if (names.every((name) => now[name] !== undefined)) break;
      await pause(200);
    }
    return missing;
  } catch (error) {
    const found = clientError(error, 'register the search attributes');
    if (found.kind !== 'failed') throw found;
    const command = names.map((name) => `--name ${name} --type Keyword`).join(' ');
    const next = `Register them by other means, such as \`temporal operator search-attribute create ${command}\`.`;
    throw new ClientError(found.kind, found.message, next, { cause: error });
  }
}
