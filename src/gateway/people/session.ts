import type { Context } from 'hono';
import type { Person } from './person.ts';

/** A browser's sign-in: who it is, and the word that each of its forms must carry. */
export interface Session {
  person: Person;
  /** Random, the same for the whole session; a form without it, or with another, is refused. */
  csrf: string;
}

/** Keeps nothing: a session lives in an encrypted cookie, so that any gateway knows it, also after a restart. */
export interface Sessions {
  /** The session of a browser; undefined where there is none, or it is too old or not ours. */
  read(context: Context): Promise<Session | undefined>;
  /** Begins one, and answers with it. */
  begin(context: Context, person: Person): Promise<Session>;
  end(context: Context): void;
}
