import type { Command } from 'commander';
import { attributeNames, registerSearchAttributes } from '../client/search-attributes.ts';
import { json, withBackstep } from './doors.ts';
import type { GlobalOptions, Register } from './doors.ts';
import { exit } from './exit.ts';

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
          const { connection, options: of } = backstep.temporal;
          const registered = await registerSearchAttributes(connection.operatorService, of.namespace);
          if (options.json) doors.out(json({ registered, searchAttributes: attributeNames }));
          else {
            const what =
              registered.length === 0 ? 'were registered before' : `${registered.join(', ')} registered`;
            doors.out(`Search attributes in namespace ${of.namespace}: ${what}.\n${rest}`);
          }
          return exit.done;
        });
      }),
    );
};
