import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as oidc from 'openid-client';
import { personOf } from './person.ts';
import type { ClaimNames } from './person.ts';
import type { Person } from './person.ts';
import type { Seal } from './sealed.ts';

export interface OidcSettings extends ClaimNames {
  issuer: string;
  clientId: string;
  clientSecret: string;
  /** Without this role nobody is let in. */
  requiredRole?: string | undefined;
  /** Of Bearer tokens; the client itself if not given. */
  audience?: string | undefined;
}

/** Why a provider's answer lets nobody in; for the person who tried. */
export class NotSignedIn extends Error {
  override readonly name = 'NotSignedIn';
}

export interface Oidc {
  /** Where the browser goes, and what it carries meanwhile. */
  begin(redirectUri: string, backTo: string): Promise<{ url: string; carried: string }>;
  /** Throws NotSignedIn. */
  complete(answer: URL, carried: string | undefined): Promise<{ person: Person; backTo: string }>;
  /** The person of a JWT of this provider for us; undefined where it is none. */
  personOf(jwt: string): Promise<Person | undefined>;
  /** Where the provider ends its own session too, if it says so. */
  endUrl(backTo: string): Promise<string | undefined>;
}

/** How long somebody may take at the provider; seconds. */
export const signInWithin = 600;

/** For so long a provider that was away is not looked for again: anybody may send what looks like a JWT. */
const failureKeptFor = 10_000;

/** Nothing symmetric: who may check a token must not be able to make one. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

const loopback = /^(localhost|127\.0\.0\.1|\[::1\])$/;

/** Authorization code flow with PKCE, state and nonce, by any provider that OpenID Connect Discovery finds. */
export function oidcWith(settings: OidcSettings, seal: Seal, now: () => number = Date.now): Oidc {
  const { issuer, clientId, clientSecret } = settings;
  // Found at the first sign-in and again a while after a failure: the gateway must run while the provider is away.
  let found: Promise<Provider> | undefined;
  let failedAt: number | undefined;
  const provider = () => {
    if (failedAt !== undefined && now() - failedAt >= failureKeptFor) found = failedAt = undefined;
    return (found ??= discover(issuer, clientId, clientSecret).catch((error: unknown) => {
      failedAt = now();
      throw new NotSignedIn('The identity provider cannot be reached.', { cause: error });
    }));
  };

  const admitted = (claims: Record<string, unknown> & { sub: string }): Person => {
    const person = personOf(claims, issuer, settings);
    const { requiredRole } = settings;
    if (requiredRole === undefined || person.roles.includes(requiredRole)) return person;
    throw new NotSignedIn(`${person.name} does not have the role ${requiredRole}.`);
  };

  return {
    begin: async (redirectUri, backTo) => {
      const { config } = await provider();
      const verifier = oidc.randomPKCECodeVerifier();
      const state = oidc.randomState();
      const nonce = oidc.randomNonce();
      const url = oidc.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: 'openid profile email',
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
      });
      return { url: url.href, carried: await seal.close({ verifier, state, nonce, backTo }, signInWithin) };
    },

    complete: async (answer, carried) => {
      const { verifier, state, nonce, backTo } = ((await seal.open(carried)) ?? {}) as Record<string, string>;
      if (!verifier || !state || !nonce)
        throw new NotSignedIn('This sign-in was not begun here, or too long ago.');
      const { config } = await provider();
      const claims = await claimsOf(config, answer, { verifier, state, nonce });
      return { person: admitted(claims), backTo: backTo ?? '/' };
    },

    personOf: async (jwt) => {
      const { keys } = await provider();
      const audience = settings.audience ?? clientId;
      try {
        const required = ['sub', 'exp'];
        const { payload } = await jwtVerify(jwt, keys, {
          issuer,
          audience,
          algorithms,
          requiredClaims: required,
        });
        return admitted({ ...payload, sub: payload.sub ?? '' });
      } catch {
        return undefined;
      }
    },

    endUrl: async (backTo) => {
      const { config } = await provider();
      if (config.serverMetadata().end_session_endpoint === undefined) return undefined;
      return oidc.buildEndSessionUrl(config, { post_logout_redirect_uri: backTo }).href;
    },
  };
}

interface Provider {
  config: oidc.Configuration;
  keys: ReturnType<typeof createRemoteJWKSet>;
}

async function discover(issuer: string, clientId: string, clientSecret: string): Promise<Provider> {
  const server = new URL(issuer);
  // Plain HTTP only where nobody can listen.
  const execute = loopback.test(server.hostname) ? [oidc.allowInsecureRequests] : [];
  const config = await oidc.discovery(server, clientId, clientSecret, undefined, { execute, timeout: 10 });
  const { jwks_uri: keys } = config.serverMetadata();
  if (keys === undefined) throw new Error(`${issuer} names no keys`);
  return { config, keys: createRemoteJWKSet(new URL(keys)) };
}

async function claimsOf(
  config: oidc.Configuration,
  answer: URL,
  { verifier, state, nonce }: { verifier: string; state: string; nonce: string },
): Promise<oidc.IDToken> {
  try {
    const tokens = await oidc.authorizationCodeGrant(config, answer, {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    if (claims === undefined) throw new Error('the provider sent no ID token');
    return claims;
  } catch (error) {
    // What the provider or the library says may hold a code or a token.
    throw new NotSignedIn('The identity provider did not confirm who you are.', { cause: error });
  }
}
