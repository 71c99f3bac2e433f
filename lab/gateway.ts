import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';
import getPort from 'get-port';

/** A gateway process of its own, as in production, on loopback. */
export interface GatewayProcess {
  url: string;
  /** The file of its log. */
  log: string;
  /** Lets it drain. */
  stop(): Promise<void>;
}

export interface GatewayOptions {
  /** What the worker and the CLI read: Temporal's address and namespace, the definitions. */
  env: Record<string, string>;
  /** Where its files are written, and its log. */
  directory: string;
  /** The private key of `createKeys`; the worker has the public one. */
  key: string;
  /** Tokens by person, with the person's roles behind the name: `ada dba,lead`. */
  people: Record<string, string>;
  /** A secret for each source of alerts. */
  secrets: Record<string, string>;
  temporalUi?: string;
}

const root = new URL('..', import.meta.url).pathname;
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** Writes what a gateway reads, and answers with its environment. */
export function gatewayEnvironment(options: GatewayOptions, port: number): Record<string, string> {
  const { env, directory, key, people, secrets, temporalUi } = options;
  const file = (name: string) => join(directory, name);
  mkdirSync(file('triggers'), { recursive: true });
  for (const [source, secret] of Object.entries(secrets))
    writeFileSync(join(file('triggers'), source), `${secret}\n`);
  const lines = Object.entries(people).map(([person, token]) => {
    const [name = '', roles = '-'] = person.split(' ');
    return `${name} ${roles} ${sha256(token)}`;
  });
  writeFileSync(file('tokens'), `${lines.join('\n')}\n`);
  writeFileSync(file('session-secret'), randomBytes(32).toString('base64'));
  return {
    ...env,
    BACKSTEP_GATEWAY_PORT: String(port),
    BACKSTEP_GATEWAY_KEY: key,
    BACKSTEP_GATEWAY_TRIGGER_SECRETS: file('triggers'),
    BACKSTEP_GATEWAY_TOKENS: file('tokens'),
    BACKSTEP_GATEWAY_SESSION_SECRET_FILE: file('session-secret'),
    ...(temporalUi !== undefined && { BACKSTEP_GATEWAY_TEMPORAL_UI: temporalUi }),
  };
}

/** Starts `dist/gateway.js` and waits until it says that it is ready. */
export async function startGateway(options: GatewayOptions, port?: number): Promise<GatewayProcess> {
  const open = port ?? (await getPort());
  const child = execa(process.execPath, [join(root, 'dist/gateway.js')], {
    env: gatewayEnvironment(options, open),
    all: true,
    buffer: false,
    reject: false,
    forceKillAfterDelay: 20_000,
  });
  const log = join(options.directory, 'gateway.log');
  child.all.pipe(createWriteStream(log, { flags: 'a' }));
  let said = '';
  child.all.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-8_000);
  });
  for (let waited = 0; !said.includes('the gateway is ready'); waited += 50) {
    if (child.exitCode !== null || waited > 60_000) throw new Error(`the gateway did not start:\n${said}`);
    await pause(50);
  }
  return {
    url: `http://127.0.0.1:${open}`,
    log,
    stop: async () => {
      child.kill('SIGTERM');
      await child;
    },
  };
}
