import { randomBytes } from 'node:crypto';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { z } from 'zod';
import type { Person } from './person.ts';
import { sealFor } from './sealed.ts';
import { sha256Of } from './tokens.ts';

/** A browser's sign-in: who it is, and the word that each of its forms must carry. */
export interface Session {
  person: Person;
  /** Random, the same for the whole session; a form without it, or with another, is refused. */
  csrf: string;
  /** SHA-256 of the token that began it: once that counts no more, the session does not. */
  token?: string;
}

/** Keeps nothing: a session lives in an encrypted cookie, so that any gateway knows it, also after a restart. */
export interface Sessions {
  /** The session of a browser; undefined where there is none, or it is too old or not ours. */
  read(context: Context): Promise<Session | undefined>;
  /** Begins one, and answers with it. */
  begin(context: Context, person: Person, token?: string): Promise<Session>;
  end(context: Context): void;
}

/** A night's work; by the provider, roles are those of the beginning. */
const sessionSeconds = 8 * 3_600;

const kept = z
  .object({
    person: z.object({
      name: z.string().min(1),
      roles: z.array(z.string()),
      method: z.enum(['oidc', 'token']),
      issuer: z.string().optional(),
    }),
    csrf: z.string().min(20),
    token: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
  })
  .refine(({ person, token }) => (person.method === 'token') === (token !== undefined));

/** @param secure whether people come by HTTPS: anywhere but on loopback they must */
export function sessionsWith(secret: Uint8Array, secure: boolean): Sessions {
  const seal = sealFor('session', secret);
  // The prefix keeps a page of another host in the same domain from setting it.
  const name = secure ? '__Host-backstep' : 'backstep';
  const options = { httpOnly: true, sameSite: 'Lax', secure, path: '/' } as const;
  return {
    read: async (context) => {
      const { data } = kept.safeParse(await seal.open(getCookie(context, name)));
      if (data === undefined) return undefined;
      const { issuer, ...person } = data.person;
      return {
        csrf: data.csrf,
        person: { ...person, ...(issuer !== undefined && { issuer }) },
        ...(data.token !== undefined && { token: data.token }),
      };
    },
    begin: async (context, person, token) => {
      const csrf = randomBytes(24).toString('base64url');
      const session = { person, csrf, ...(token !== undefined && { token: sha256Of(token) }) };
      const sealed = await seal.close({ ...session }, sessionSeconds);
      setCookie(context, name, sealed, { ...options, maxAge: sessionSeconds });
      return session;
    },
    end: (context) => {
      deleteCookie(context, name, options);
    },
  };
}
