import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { connectBackstep } from '../client.ts';
import type { Backstep } from '../client.ts';
import type { AlertSource } from '../domain/alert.ts';
import { readPrivateKey } from '../identity/keys.ts';
import { definitionsIn } from '../storage/definitions.ts';
import type { Definitions } from '../storage/definitions.ts';
import { StartError } from '../process/start.ts';
import type { LimitsPerMinute } from './limits.ts';
import { oidcWith } from './people/oidc.ts';
import type { Oidc } from './people/oidc.ts';
import { peopleBy } from './people/people.ts';
import type { People } from './people/people.ts';
import { rolesAskedFor } from './people/roles.ts';
import { sealFor } from './people/sealed.ts';
import { sessionsWith } from './people/session.ts';
import { noStatements, statementsBy } from './people/statements.ts';
import type { Statements } from './people/statements.ts';
import { parseTokens, tokensIn } from './people/tokens.ts';
import type { GatewaySettings } from './settings.ts';

/** What the gateway acts with; tests hand it other means. */
export interface GatewayDependencies {
  backstep: Backstep;
  definitions: Definitions;
  /** Secrets of a source, read anew at every request so that they can be replaced; none: it is not set up. */
  secretsOf(source: AlertSource): Promise<string[]>;
  /** Set where Grafana's signature may come without its time. */
  untimed?: boolean | undefined;
  people: People;
  statements: Statements;
  /** How people reach the gateway, without a slash at its end. */
  publicUrl: string;
  /** The Temporal UI, without a slash at its end, where links to it are wanted. */
  temporalUi?: string | undefined;
  limits?: LimitsPerMinute;
  /** How many proxies stand in front and say in X-Forwarded-For whom they serve. */
  proxies?: number;
  log: Logger;
  /** Milliseconds since 1970. */
  now: () => number;
}

const loopback = /^(localhost|127\.0\.0\.1|\[::1\])$/;

/** What the gateway acts with. Throws StartError where it could not do its work; Temporal may come later. */
export async function gatewayDependencies(
  settings: GatewaySettings,
  log: Logger,
): Promise<GatewayDependencies> {
  const publicUrl = settings.publicUrl ?? `http://${settings.host}:${settings.port}`;
  const secure = mustBeSecure(publicUrl, settings);
  const secret = await sessionSecret(settings.sessionSecretFile);
  if (settings.tokens !== undefined) await checkTokens(settings.tokens);
  const oidc = settings.oidc && (await provider(settings.oidc, secret));
  const tokens = settings.tokens === undefined ? undefined : tokensIn(settings.tokens);
  const backstep = await connectBackstep({ lazy: true });
  const definitions = definitionsIn(settings.services);
  const key = settings.key === undefined ? undefined : await read(settings.key, readPrivateKey);
  log.info(
    { tokens: tokens !== undefined, oidc: settings.oidc?.issuer, triggers: settings.triggerSecrets },
    tokens || oidc ? 'people can sign in' : 'nobody can sign in: only alerts are served',
  );
  return {
    backstep,
    definitions,
    secretsOf: secretsIn(settings.triggerSecrets),
    untimed: settings.untimed,
    people: peopleBy(sessionsWith(secret, secure), tokens, oidc, rolesAskedFor(definitions, Date.now)),
    statements: key === undefined ? noStatements : statementsBy(backstep, key, Date.now),
    publicUrl,
    proxies: settings.proxies,
    temporalUi: settings.temporalUi,
    log,
    now: Date.now,
  };
}

/** Tokens and sessions in clear text are for loopback only. */
function mustBeSecure(publicUrl: string, { tokens, oidc }: GatewaySettings): boolean {
  const { protocol, hostname } = new URL(publicUrl);
  if (protocol === 'https:') return true;
  if ((tokens !== undefined || oidc !== undefined) && !loopback.test(hostname))
    throw new StartError(
      `People would sign in at ${publicUrl} in clear text. Set BACKSTEP_GATEWAY_PUBLIC_URL to https://….`,
    );
  return false;
}

/** Without people there is nothing to seal, and any secret will do. */
async function sessionSecret(path: string | undefined): Promise<Uint8Array> {
  if (path === undefined) return randomBytes(32);
  const secret = (await read(path, (file) => readFile(file, 'utf8'))).trim();
  if (secret.length >= 32) return new TextEncoder().encode(secret);
  throw new StartError(
    `${path} holds less than 32 characters. Write a random secret: openssl rand -base64 32.`,
  );
}

async function checkTokens(path: string): Promise<void> {
  await read(path, async (file) => parseTokens(await readFile(file, 'utf8'), file));
}

async function provider(
  { clientSecretFile, ...settings }: NonNullable<GatewaySettings['oidc']>,
  secret: Uint8Array,
): Promise<Oidc> {
  const clientSecret = (await read(clientSecretFile, (file) => readFile(file, 'utf8'))).trim();
  return oidcWith({ ...settings, clientSecret }, sealFor('sign-in', secret));
}

/** Reads a file that a setting names; its contents are in no message. */
async function read<T>(path: string, how: (path: string) => Promise<T>): Promise<T> {
  try {
    return await how(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new StartError(code === undefined ? `${message}.` : `${path} cannot be read: ${code}.`);
  }
}

/** Shorter ones can be guessed. */
const shortest = 16;

/**
 * Secrets of a source of alerts: a file named after it, one secret a line, so that a new one can stand beside the
 * old until the sender has it. No file, no secret: the source is not set up.
 */
export const secretsIn = (directory: string | undefined) => async (source: AlertSource) => {
  if (directory === undefined) return [];
  try {
    const lines = (await readFile(join(directory, source), 'utf8')).split('\n').map((line) => line.trim());
    return lines.filter((line) => line.length >= shortest && !line.startsWith('#'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
};
