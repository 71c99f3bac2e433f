import { z } from 'zod';
import { alertSource } from '../domain/alert.ts';
import { common, readEnvironment, webAddress } from '../process/start.ts';

const file = z.string().min(1).optional();

const variables = z.object({
  BACKSTEP_SERVICES: common.services,
  BACKSTEP_LOG_LEVEL: common.logLevel,
  BACKSTEP_GATEWAY_HOST: z.string().min(1).default('127.0.0.1').describe('Address to listen on'),
  BACKSTEP_GATEWAY_PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(8080)
    .describe('Port to listen on'),
  BACKSTEP_GATEWAY_PUBLIC_URL: webAddress
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
    `Directory with a file for each source of alerts (${alertSource.options.join(', ')}): one secret a line, # for comments; a source without a file is off`,
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
  BACKSTEP_GATEWAY_TEMPORAL_UI: webAddress.optional().describe('Address of the Temporal UI, for links to it'),
});

/** What must come together. */
function missing(set: z.output<typeof variables>): string[] {
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

/** The environment of a gateway beside Temporal's own (TEMPORAL_…): each variable and its default. */
export const environment = variables.check((context) => {
  for (const message of missing(context.value))
    context.issues.push({ code: 'custom', message, input: context.value });
});

const settings = environment.transform((set) => ({
  services: set.BACKSTEP_SERVICES,
  logLevel: set.BACKSTEP_LOG_LEVEL,
  host: set.BACKSTEP_GATEWAY_HOST,
  port: set.BACKSTEP_GATEWAY_PORT,
  proxies: set.BACKSTEP_GATEWAY_PROXIES,
  publicUrl: set.BACKSTEP_GATEWAY_PUBLIC_URL,
  temporalUi: set.BACKSTEP_GATEWAY_TEMPORAL_UI,
  triggerSecrets: set.BACKSTEP_GATEWAY_TRIGGER_SECRETS,
  untimed: set.BACKSTEP_GATEWAY_GRAFANA_TIMESTAMP === 'optional',
  key: set.BACKSTEP_GATEWAY_KEY,
  tokens: set.BACKSTEP_GATEWAY_TOKENS,
  sessionSecretFile: set.BACKSTEP_GATEWAY_SESSION_SECRET_FILE,
  oidc:
    set.BACKSTEP_GATEWAY_OIDC_ISSUER === undefined
      ? undefined
      : {
          issuer: set.BACKSTEP_GATEWAY_OIDC_ISSUER,
          clientId: set.BACKSTEP_GATEWAY_OIDC_CLIENT_ID ?? '',
          clientSecretFile: set.BACKSTEP_GATEWAY_OIDC_CLIENT_SECRET_FILE ?? '',
          name: set.BACKSTEP_GATEWAY_OIDC_NAME_CLAIM,
          roles: set.BACKSTEP_GATEWAY_OIDC_ROLES_CLAIM,
          requiredRole: set.BACKSTEP_GATEWAY_OIDC_ROLE,
          audience: set.BACKSTEP_GATEWAY_OIDC_AUDIENCE,
        },
}));
export type GatewaySettings = z.output<typeof settings>;

/** Throws StartError with every fault named. */
export const readGatewaySettings = (from: NodeJS.ProcessEnv): GatewaySettings =>
  readEnvironment(settings, from);
