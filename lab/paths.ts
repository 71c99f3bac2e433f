import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Where everything of a running lab lives; `down` removes it whole. Short, because socket paths are limited to 107 bytes. */
export const stateDirectory = '/var/lib/backstep-lab';

/** Outside `stateDirectory`, which `down` removes while it holds the lock. */
export const lockFile = '/var/lib/backstep-lab.lock';

/** What is expensive to make and depends on no running lab: programs, root file systems, image layers. */
export function cacheDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  const configured = environment['XDG_CACHE_HOME'];
  const base = configured !== undefined && isAbsolute(configured) ? configured : join(homedir(), '.cache');
  return join(base, 'backstep');
}

/** A path inside the lab's state. */
export const inState = (...parts: string[]): string => join(stateDirectory, ...parts);

/** A path inside the cache. */
export const inCache = (...parts: string[]): string => join(cacheDirectory(), ...parts);
