import { resolve } from 'node:path';
import { z } from 'zod';
import { faultsOf } from '../domain/plan/request.ts';
import { StartError } from '../worker/start-error.ts';

const file = z.string().min(1).optional();

/** The environment of a gateway beside Temporal's own (TEMPORAL_…): each variable and its default. */
export const environment = z
  .object({
    BACKSTEP_SERVICES: z.string().min(1).default('services').describe('Directory of the service definitions'),
    BACKSTEP_LOG_LEVEL: z
      .enum(['debug', 'info', 'warn', 'error'])
      .default('info')
      .describe('Lowest level that is logged'),
    BACKSTEP_GATEWAY_HOST: z.string().min(1).default('127.0.0.1').describe('Address to listen on'),
    BACKSTEP_GATEWAY_PORT: z.coerce
      .number()
      .int()
      .min(0)
      .max(65_535)
      .default(8080)
      .describe('Port to listen on'),
    BACKSTEP_GATEWAY_PUBLIC_URL: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('Address of the gateway for people; without it, where it listens'),
    BACKSTEP_GATEWAY_PROXIES: z.coerce
      .number()
      .int()
      .min(0)
      .max(9)
      .default(0)
      .describe(
        'How many proxies are in front, each of which adds to X-Forwarded-For. Wrong tokens are counted by the address that results',
      ),
    BACKSTEP_GATEWAY_TRIGGER_SECRETS: file.describe(
      'Directory with a file for each source of alerts (alertmanager, grafana, pagerduty, standard, generic): one secret a line, # for comments; a source without a file is off',
    ),
    BACKSTEP_GATEWAY_GRAFANA_TIMESTAMP: z
      .enum(['required', 'optional'])
      .default('required')
      .describe(
        "Whether Grafana's signature must cover the time. With `optional`, anybody who has seen a request can send it again, for a day",
      ),
    BACKSTEP_GATEWAY_KEY: file.describe(
      'File of the private key that `backstep setup --gateway-keys` made; without it nobody can approve through the gateway',
    ),
    BACKSTEP_GATEWAY_TOKENS: file.describe(
      'File of people with tokens: one line `name role,role sha256-of-the-token` for each',
    ),
    BACKSTEP_GATEWAY_OIDC_ISSUER: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('OpenID Connect provider for sign-in'),
    BACKSTEP_GATEWAY_OIDC_CLIENT_ID: file.describe('Client at that provider'),
    BACKSTEP_GATEWAY_OIDC_CLIENT_SECRET_FILE: file.describe('File with the secret of that client'),
    BACKSTEP_GATEWAY_OIDC_NAME_CLAIM: z
      .string()
      .min(1)
      .default('email')
      .describe('Claim with the name that approvals count; `sub` if it is missing or not verified'),
    BACKSTEP_GATEWAY_OIDC_ROLES_CLAIM: z
      .string()
      .min(1)
      .default('roles')
      .describe('Claim with the roles, or a path to it: realm_access.roles'),
    BACKSTEP_GATEWAY_OIDC_ROLE: file.describe('Role that everybody needs to sign in'),
    BACKSTEP_GATEWAY_OIDC_AUDIENCE: file.describe('Audience of Bearer tokens; without it, the client'),
    BACKSTEP_GATEWAY_SESSION_SECRET_FILE: file.describe(
      'File with at least 32 random characters that encrypt the sessions of browsers; the same for every gateway',
    ),
    BACKSTEP_GATEWAY_TEMPORAL_UI: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('Address of the Temporal UI, for links to it'),
  })
  .check((context) => {
    for (const message of missing(context.value))
      context.issues.push({ code: 'custom', message, input: context.value });
  });

type Environment = {
  [
    K in
      | 'BACKSTEP_GATEWAY_KEY'
      | 'BACKSTEP_GATEWAY_TOKENS'
      | 'BACKSTEP_GATEWAY_OIDC_ISSUER'
      | 'BACKSTEP_GATEWAY_OIDC_CLIENT_ID'
      | 'BACKSTEP_GATEWAY_OIDC_CLIENT_SECRET_FILE'
      | 'BACKSTEP_GATEWAY_SESSION_SECRET_FILE'
  ]?: string | undefined;
};

/** What must come together. */
function missing(set: Environment): string[] {
  const client = set.BACKSTEP_GATEWAY_OIDC_CLIENT_ID && set.BACKSTEP_GATEWAY_OIDC_CLIENT_SECRET_FILE;
  const proves = set.BACKSTEP_GATEWAY_OIDC_ISSUER ?? set.BACKSTEP_GATEWAY_TOKENS;
  return [
    ...(set.BACKSTEP_GATEWAY_OIDC_ISSUER && !client
      ? ['BACKSTEP_GATEWAY_OIDC_ISSUER needs …_OIDC_CLIENT_ID and …_OIDC_CLIENT_SECRET_FILE']
      : []),
    ...(proves && !set.BACKSTEP_GATEWAY_SESSION_SECRET_FILE
      ? ['people sign in, so BACKSTEP_GATEWAY_SESSION_SECRET_FILE is needed']
      : []),
    ...(proves && !set.BACKSTEP_GATEWAY_KEY
      ? ['people sign in, so BACKSTEP_GATEWAY_KEY is needed to sign what they say']
      : []),
  ];
}

export interface GatewaySettings {
  services: string;
  logLevel: 'debug' | 'info' | 'warn' | 'error';
  host: string;
  port: number;
  proxies: number;
  publicUrl?: string;
  temporalUi?: string;
  triggerSecrets?: string;
  untimed?: boolean;
  key?: string;
  tokens?: string;
  sessionSecretFile?: string;
  oidc?: {
    issuer: string;
    clientId: string;
    clientSecretFile: string;
    name: string;
    roles: string;
    requiredRole?: string;
    audience?: string;
  };
}

const withoutSlash = (url: string) => url.replace(/\/+$/, '');

/** Only what is set, so that settings say nothing of the rest. */
function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Reads the environment; an empty variable counts as not set. Throws StartError with every fault named. */
export function readGatewaySettings(variables: NodeJS.ProcessEnv): GatewaySettings {
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
  const { data: found, error } = environment.safeParse(set);
  if (error) throw new StartError(`${faultsOf(error).join('; ')}. Correct the environment.`);
  const {
    BACKSTEP_GATEWAY_PUBLIC_URL: publicUrl,
    BACKSTEP_GATEWAY_TEMPORAL_UI: temporalUi,
    BACKSTEP_GATEWAY_OIDC_ISSUER: issuer,
  } = found;
  return {
    services: resolve(found.BACKSTEP_SERVICES),
    logLevel: found.BACKSTEP_LOG_LEVEL,
    host: found.BACKSTEP_GATEWAY_HOST,
    port: found.BACKSTEP_GATEWAY_PORT,
    proxies: found.BACKSTEP_GATEWAY_PROXIES,
    ...(publicUrl && { publicUrl: withoutSlash(publicUrl) }),
    ...(temporalUi && { temporalUi: withoutSlash(temporalUi) }),
    ...(found.BACKSTEP_GATEWAY_GRAFANA_TIMESTAMP === 'optional' && { untimed: true }),
    ...given({
      triggerSecrets: found.BACKSTEP_GATEWAY_TRIGGER_SECRETS,
      key: found.BACKSTEP_GATEWAY_KEY,
      tokens: found.BACKSTEP_GATEWAY_TOKENS,
      sessionSecretFile: found.BACKSTEP_GATEWAY_SESSION_SECRET_FILE,
    }),
    ...(issuer && {
      oidc: {
        issuer,
        clientId: found.BACKSTEP_GATEWAY_OIDC_CLIENT_ID ?? '',
        clientSecretFile: found.BACKSTEP_GATEWAY_OIDC_CLIENT_SECRET_FILE ?? '',
        name: found.BACKSTEP_GATEWAY_OIDC_NAME_CLAIM,
        roles: found.BACKSTEP_GATEWAY_OIDC_ROLES_CLAIM,
        ...given({
          requiredRole: found.BACKSTEP_GATEWAY_OIDC_ROLE,
          audience: found.BACKSTEP_GATEWAY_OIDC_AUDIENCE,
        }),
      },
    }),
  };
}
