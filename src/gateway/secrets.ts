import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AlertSource } from '../domain/alert.ts';

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
