import { resolve } from 'node:path';
import type { Command } from 'commander';
import { ClientError } from '../client.ts';
import { shortRetention } from '../client/retention.ts';
import { attributeNames, registerSearchAttributes } from '../client/search-attributes.ts';
import { createKeys } from '../identity/keys.ts';
import { json, withBackstep } from './context.ts';
import type { CliContext, GlobalOptions, Register } from './context.ts';
import { exit } from './exit.ts';
import type { Exit } from './exit.ts';

const rest = `Search attributes are all that Temporal needs. For Kubernetes and PostgreSQL:
  kubectl apply -f deploy/rbac.yaml                                  once a cluster
  kubectl apply -f deploy/rbac-service.yaml -n <service namespace>   once a service
  and the Secrets and the backup volume claim that its definition names
`;

interface SetupOptions extends GlobalOptions {
  gatewayKeys?: string;
}

export const setup: Register = (program, context, action) => {
  program
    .command('setup')
    .description("Create Backstep's search attributes in Temporal (safe to repeat)")
    .option(
      '--gateway-keys <dir>',
      'instead make a signing key for the gateway, and the public keys for workers',
    )
    .action(
      action(async (_options: object, command: Command) => {
        const options = command.optsWithGlobals<SetupOptions>();
        if (options.gatewayKeys !== undefined) return makeKeys(context, options, options.gatewayKeys);
        return withBackstep(context, options, async (backstep) => {
          const { connection, options: of } = backstep.temporal;
          const registered = await registerSearchAttributes(connection.operatorService, of.namespace);
          // What is registered is registered, whether or not the namespace may be described.
          const warning = await shortRetention(backstep.temporal).catch(() => undefined);
          if (options.json) {
            const found = { registered, searchAttributes: attributeNames };
            context.out(json({ ...found, ...(warning !== undefined && { warning }) }));
          } else {
            const what =
              registered.length === 0 ? 'were registered before' : `${registered.join(', ')} registered`;
            context.out(`Search attributes in namespace ${of.namespace}: ${what}.\n${rest}`);
            if (warning !== undefined) context.err(`${warning}\n`);
          }
          return exit.done;
        });
      }),
    );
};

/** Needs no Temporal. Made again, the key before goes on counting until it is made once more. */
async function makeKeys(
  context: CliContext,
  { json: asJson }: GlobalOptions,
  directory: string,
): Promise<Exit> {
  const made = await createKeys(resolve(directory)).catch((error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException;
    const next = 'Name a directory that can be written, and whose key files are whole.';
    throw new ClientError('invalid', `No keys were made in ${directory}: ${code ?? message}.`, next);
  });
  if (asJson) context.out(json(made));
  else
    context.out(`Key ${made.kid} made:
  ${made.privateKey}   the gateway alone signs with it (BACKSTEP_GATEWAY_KEY)
  ${made.publicKeys}  each worker checks with it (BACKSTEP_GATEWAY_KEYS)
Give the workers theirs first, then restart the gateway.
`);
  return exit.done;
}
