import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Person } from './person.ts';

/** Persons by tokens of their own. */
export interface Tokens {
  /** Undefined where it is nobody's. Throws StartError's sibling, Error, where the file cannot be used. */
  personOf(token: string): Promise<Person | undefined>;
  /** The same by the SHA-256 of a token, for a session that one began; undefined where the line was taken out. */
  personBy(sha256: string): Promise<Person | undefined>;
}

export const sha256Of = (token: string): string => createHash('sha256').update(token).digest('hex');

interface Line {
  name: string;
  roles: string[];
  sha256: Buffer;
}

/**
 * One line a person: `name role,role sha256-of-the-token`, `-` for no role, `#` before a comment. The file holds
 * no token, and is read anew each time, so that a line taken out counts no more.
 */
export function tokensIn(path: string): Tokens {
  const personBy: Tokens['personBy'] = async (sha256) => {
    const sent = Buffer.from(sha256, 'hex');
    let found: Line | undefined;
    // All lines are compared, so that the time tells nothing of which one fits.
    for (const line of parseTokens(await readFile(path, 'utf8'), path))
      if (timingSafeEqual(line.sha256, sent)) found = line;
    return found && { name: found.name, roles: found.roles, method: 'token' };
  };
  return { personBy, personOf: (token) => personBy(sha256Of(token)) };
}

/** Throws Error naming the file and each line that is no person; never what the line holds. */
export function parseTokens(text: string, path: string): Line[] {
  const faults: string[] = [];
  const people = text.split('\n').flatMap((raw, index): Line[] => {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) return [];
    const [name = '', roles = '', hash = '', ...rest] = line.split(/\s+/);
    if (rest.length > 0 || name.length > 200 || !/^[0-9a-f]{64}$/.test(hash)) {
      faults.push(`${path}:${index + 1}: must be \`name role,role sha256\``);
      return [];
    }
    const own = roles === '-' ? [] : roles.split(',').filter((role) => role !== '');
    return [{ name, roles: own, sha256: Buffer.from(hash, 'hex') }];
  });
  if (faults.length > 0) throw new Error(faults.join('; '));
  return people;
}
