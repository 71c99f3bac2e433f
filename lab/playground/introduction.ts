import { join } from 'node:path';
import pc from 'picocolors';
import { applications } from '../../examples/applications.ts';
import { directory, type ReadyPlayground } from './record.ts';

/** What a person needs who has just started it: addresses, tokens, and the commands to try, in order. */
export function introduction({ service, connection }: ReadyPlayground): string {
  const { gateway, temporal, kubernetes } = connection;
  const page = `${gateway.url}/rollbacks/${service}`;
  const people = Object.entries(gateway.tokens).map(([person, token]) => row(`Token of ${person}`, token));
  return [
    '',
    pc.bold(`${applications[service].now}. Nothing is rolled back yet.`),
    '',
    row('Page', page),
    ...people,
    row('Temporal UI', `${temporal.ui}/namespaces/${temporal.namespace}/workflows`),
    row('Namespace', `${kubernetes.namespace}, in Kubernetes and in Temporal`),
    row('Definition', join(connection.services, `${service}.yaml`)),
    '',
    'In a browser: open the page, sign in with the token of ada, begin the rollback, and approve it at its gate.',
    '',
    'In a terminal, one after the other; <hash> is what `status` shows at gate downgrade:',
    '',
    ...commands(service).map((command) => `  ${pc.cyan(command)}`),
    '',
  ].join('\n');
}

/** A rollback from the plan to the report: started by one person, approved by the other. */
function commands(service: keyof typeof applications): string[] {
  return [
    `source ${join(directory, 'env.sh')}`,
    `backstep plan ${service}`,
    `backstep --token-file $ADA rollback ${service} --reason "${applications[service].because}"`,
    `backstep --token-file $ADA status ${service}`,
    `backstep --token-file $GRACE approve ${service} --gate downgrade --plan <hash>`,
    `backstep --token-file $GRACE status ${service} --watch`,
    `backstep report ${service}`,
  ];
}

const row = (name: string, value: string) => `  ${pc.bold(name.padEnd(14))} ${value}`;
