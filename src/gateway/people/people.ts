import type { Context } from 'hono';
import type { Oidc } from './oidc.ts';
import type { Person } from './person.ts';
import { fitting } from './roles.ts';
import type { Sessions } from './session.ts';
import type { Tokens } from './tokens.ts';

/** How people prove who they are; without tokens and provider nobody can. */
export interface People {
  sessions: Sessions;
  tokens?: Tokens;
  oidc?: Oidc;
  /** Who sends this request, by Bearer token or by session; undefined where nobody is proved. */
  whoIs(context: Context): Promise<Person | undefined>;
  /** Whoever a token is of: of the file, or a JWT of the provider. */
  personOf(token: string): Promise<Person | undefined>;
  /** Where a browser signs in and comes back from. */
  signInPath(backTo: string): string;
}

const bearer = /^Bearer\s+(\S{1,8192})\s*$/i;
const jwt = /^[\w-]+\.[\w-]+\.[\w-]+$/;

const nobodyAsks = () => Promise.resolve<ReadonlySet<string>>(new Set());

/** @param asked the roles that count anywhere: they are kept, however many more somebody has */
export function peopleBy(
  kept: Sessions,
  tokens?: Tokens,
  oidc?: Oidc,
  asked: () => Promise<ReadonlySet<string>> = nobodyAsks,
): People {
  const withRoles = async (person: Person): Promise<Person> => ({
    ...person,
    roles: fitting(person.roles, await asked()),
  });
  const personOf: People['personOf'] = async (token) => {
    const person =
      (await tokens?.personOf(token)) ?? (jwt.test(token) ? await oidc?.personOf(token) : undefined);
    return person && withRoles(person);
  };
  const sessions: Sessions = {
    ...kept,
    read: async (context) => {
      const session = await kept.read(context);
      if (session?.token === undefined) return session;
      // The line may have been taken out since, or have other roles.
      const person = await tokens?.personBy(session.token);
      return person && { ...session, person: await withRoles(person) };
    },
    begin: async (context, person, token) =>
      kept.begin(context, await withRoles(person), person.method === 'token' ? token : undefined),
  };
  return {
    sessions,
    ...(tokens && { tokens }),
    ...(oidc && { oidc }),
    personOf,
    whoIs: async (context) => {
      const header = context.req.header('authorization');
      // Whoever sends a token means it: a wrong one is nobody, whatever cookie comes along.
      if (header !== undefined) {
        const token = bearer.exec(header)?.[1];
        return token === undefined ? undefined : personOf(token);
      }
      return (await sessions.read(context))?.person;
    },
    signInPath: (backTo) => `/sign-in?back=${encodeURIComponent(backTo)}`,
  };
}

/** Only a path of ours: a sign-in must not lead anywhere else. */
export const ownPath = (path: string | undefined) =>
  path !== undefined && /^\/(?![/\\])[^\s\\]*$/.test(path) && path.length <= 500 ? path : '/';
