/** A migration, as the history of the service's migration tool has it. */
export interface Revision {
  revision: string;
  /** Revisions that this one stands on; empty for the first. */
  parents: string[];
  message: string;
  /** File in the image. */
  path: string;
}

/** The empty schema, below the first migration, whatever the migration tool calls it. */
export const base = 'base';

/** Where a database is, in text: `base`, one revision, or several joined by a comma. */
export const revisionText = (revisions: readonly string[]): string => revisions.join(', ') || base;

/** Whether a target says how many migrations to go back, as `-1`, and not to which revision. */
export const isRelative = (target: string): boolean => target.startsWith('-');
