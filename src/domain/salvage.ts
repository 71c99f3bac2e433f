import type { Loss, Rehearsal } from './rehearsal.ts';

/** What the downgrade would destroy, kept before it runs, never in the live database. */
export interface Salvage {
  /** Absent where nothing had to be kept, or where nothing could be. */
  saved?: SalvageFile;
  /** What was kept, with the rows that the file holds. */
  salvaged: { object: string; rows: number }[];
  /** What is lost for good but for backup and snapshot; empty where all was kept. */
  lost: Loss[];
  /** Why nobody knows what is lost: that counts as a loss. Absent where the rehearsal measured it. */
  unknown?: string;
  /** Why something was not kept. */
  notes: string[];
}

/** One compressed SQL script: it puts back what it holds, run once a corrected migration is in place. */
export interface SalvageFile {
  /** Path in the place of the dumps. */
  file: string;
  /** Name of that place: `volume claim backups`, or `s3://dumps`. */
  store: string;
  bytes: number;
  sha256: string;
  /** The statements without their data; at most 4 KB. */
  statements: string;
  /** The whole script without its data, kept as evidence. */
  text?: { ref: string; sha256: string };
  /** The command that puts it back. */
  putBack: string;
}

/** Where a person decided to go on without: everything that the rehearsal found is lost, and who knows what besides. */
export const nothingSalvaged = (rehearsal: Rehearsal): Salvage => ({
  salvaged: [],
  lost: rehearsal.rehearsed ? rehearsal.losses : [],
  ...unknownIn(rehearsal),
  notes: ['Not salvaged: a person decided to go on without.'],
});

/** Why a rehearsal does not tell what the downgrade destroys; nothing where it does, or where there is none to do. */
export const unknownIn = (rehearsal: Rehearsal): { unknown?: string } =>
  rehearsal.rehearsed || rehearsal.there ? {} : { unknown: `not rehearsed, ${rehearsal.why}` };

/** Whether something is lost that was not kept, or nobody can say that nothing is. */
export const loses = ({ lost, unknown }: Salvage): boolean => lost.length > 0 || unknown !== undefined;
