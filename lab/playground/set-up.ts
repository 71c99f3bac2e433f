import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import getPort, { portNumbers } from 'get-port';
import pc from 'picocolors';
import { parseDocument } from 'yaml';
import type { ApplicationName } from '../../examples/applications.ts';
import { createKeys } from '../../src/identity/keys.ts';
import { duration } from '../../src/domain/text.ts';
import { deployBroken } from '../deploy-broken.ts';
import { gatewayEnvironment } from '../gateway.ts';
import { explanation } from '../lab-error.ts';
import { current, type Lab } from '../lab.ts';
import { launch, logOf, untilReady } from '../process.ts';
import { temporalCommand } from '../site.ts';
import { upOnTerminal } from '../terminal.ts';
import { environment } from '../worker.ts';
import { alone, directory, isReady, namespace, readPlayground, writePlayground } from './record.ts';
import type { Playground, Wanted } from './record.ts';
import { remove, removeWorkflows } from './remove.ts';

// A process of its own, so that Ctrl-C can end it at any moment: whatever it has made by then is in its record.

const root = new URL('../..', import.meta.url).pathname;
const services = join(directory, 'services');
/** Two people with their roles. */
const people = { ada: 'dba', grace: 'lead' };

const began = Date.now();
const say = (text: string) =>
  console.log(`\n${pc.dim(duration(Date.now() - began).padStart(8))}  ${pc.bold(text)}`);

async function main(wanted: Wanted): Promise<void> {
  say('Building Backstep, bringing the lab up');
  const [lab] = await Promise.all([
    current().then((running) => running ?? upOnTerminal()),
    execa('npm', ['run', 'build', '--silent'], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] }),
  ]);
  await alone(async () => {
    const earlier = readPlayground();
    if (isReady(earlier)) return;
    if (earlier !== undefined) {
      say('Removing what is left of an earlier playground');
      await remove(lab, earlier);
    }
    const playground: Playground = {
      ...wanted,
      labWasUp: wanted.labWasUp && earlier?.labWasUp !== false,
      database: `playground_${Date.now().toString(36)}`,
      processes: [],
    };
    writePlayground(playground);
    await setUp(lab, playground);
  });
}

async function setUp(lab: Lab, playground: Playground): Promise<void> {
  const { service, rows, database } = playground;
  await removeWorkflows(lab);
  await temporalCommand(lab, ['operator', 'namespace', 'create', '--namespace', namespace]);
  copyDefinition(service);
  const port = await getPort({ host: '127.0.0.1', port: portNumbers(8080, 8180) });
  const url = `http://127.0.0.1:${port}`;
  const keys = await createKeys(join(directory, 'keys'));
  const start = (program: 'worker' | 'gateway', env: Record<string, string>) =>
    startProgram(playground, program, env);
  const { env } = await deployBroken(lab, {
    service,
    namespace,
    database,
    ...(rows !== undefined && { rows }),
    directory,
    worker: {
      temporalNamespace: namespace,
      services,
      reports: join(directory, 'reports'),
      gatewayKeys: keys.publicKeys,
      publicUrl: url,
    },
    startWorker: (_, site, options) => start('worker', environment(lab, site, options)),
    say,
  });
  const tokens = Object.fromEntries(Object.keys(people).map((person) => [person, newToken()]));
  const gateway = gatewayEnvironment(
    {
      env,
      directory,
      key: keys.privateKey,
      people: Object.fromEntries(
        Object.entries(people).map(([person, role]) => [`${person} ${role}`, tokens[person] ?? '']),
      ),
      secrets: {},
      temporalUi: lab.temporal.uiUrl,
    },
    port,
  );
  await start('gateway', { ...gateway, BACKSTEP_GATEWAY_PUBLIC_URL: url });
  writeForShells(lab, env, url, tokens);
  playground.connection = {
    env,
    temporal: { address: lab.temporal.address, namespace, ui: lab.temporal.uiUrl },
    gateway: { url, tokens },
    kubernetes: { kubeconfig: lab.kubernetes.kubeconfig, kubectl: lab.kubernetes.kubectl, namespace },
    postgres: { superuserUrl: lab.postgres.superuserUrl, database },
    services,
  };
  writePlayground(playground);
}

const newToken = () => randomBytes(24).toString('base64url');

/** The shipped definition with the playground's namespace, to be changed at will. */
function copyDefinition(service: ApplicationName): void {
  const definition = parseDocument(readFileSync(join(root, 'services', `${service}.yaml`), 'utf8'));
  definition.set('namespace', namespace);
  mkdirSync(services, { recursive: true });
  writeFileSync(join(services, `${service}.yaml`), definition.toString());
  copyFileSync(join(root, 'services/service.schema.json'), join(services, 'service.schema.json'));
}

/** Starts `dist/<program>.js` so that it outlives this process, and waits until it says that it is ready. */
async function startProgram(
  playground: Playground,
  program: 'worker' | 'gateway',
  env: Record<string, string>,
): Promise<void> {
  const name = `playground-${program}`;
  rmSync(logOf(name), { force: true });
  const args = [join(root, 'dist', `${program}.js`)];
  const running = await launch({ name, program: process.execPath, args, env });
  playground.processes.push(running);
  writePlayground(playground);
  await untilReady(name, running, 60, () =>
    readFileSync(logOf(name), 'utf8').includes(`the ${program} is ready`),
  );
}

/** `env.sh` for the person's shell: where everything is, and `backstep`, `kubectl` and `temporal` on its PATH. */
function writeForShells(
  lab: Lab,
  env: Record<string, string>,
  url: string,
  tokens: Record<string, string>,
): void {
  const bin = join(directory, 'bin');
  mkdirSync(bin, { recursive: true });
  symlinkSync(join(root, 'dist/cli.js'), join(bin, 'backstep'));
  symlinkSync(lab.kubernetes.kubectl, join(bin, 'kubectl'));
  symlinkSync(lab.temporal.cli, join(bin, 'temporal'));
  const files = Object.entries(tokens).map(([person, token]) => {
    const path = join(directory, `${person}.token`);
    writeFileSync(path, `${token}\n`, { mode: 0o600 });
    return [person.toUpperCase(), path] as const;
  });
  const variables = {
    ...env,
    KUBECONFIG: lab.kubernetes.kubeconfig,
    BACKSTEP_GATEWAY_URL: url,
    ...Object.fromEntries(files),
  };
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}='${value}'`);
  writeFileSync(join(directory, 'env.sh'), `${lines.join('\n')}\nexport PATH='${bin}':"$PATH"\n`);
}

try {
  await main(JSON.parse(process.argv[2] ?? '') as Wanted);
} catch (error) {
  console.error(pc.red(explanation(error)));
  process.exitCode = 1;
}
