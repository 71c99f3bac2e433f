/** How far a dump was proved: read back in full and counted, or restored into a database and compared. */
export type Proof = 'read' | 'restore';

/** A dump, with the manifest beside it that says what was proved. */
export interface Backup {
  /** Path in its place: of one file, or in directory format of the directory of its files. */
  file: string;
  /** Path of the manifest. */
  manifest: string;
  /** Name of that place: `volume claim backups`, or `s3://dumps`. */
  store: string;
  format: 'custom' | 'directory';
  bytes: number;
  /**
   * 64 hexadecimal digits: SHA-256 of the file; in directory format of the lines `<sha256>  <name>` of its
   * files in the order of their names, as `sha256sum` prints them.
   */
  sha256: string;
  /** Rows by table as read from the dump; equal to the catalog's at the dump's own snapshot. */
  counts: Record<string, number>;
  /** SHA-256 of the catalog at that snapshot. */
  catalog: string;
  /** Fingerprint of the contents at that snapshot; where the definition wants a restore as proof. */
  fingerprint?: string;
  extensions: string[];
  /** How to make those extensions anew; a schema is named where it must be there before. */
  installed: { name: string; version?: string; schema?: { name: string; owner: string } }[];
  /** Time of the data, by the worker's clock: the dump's snapshot, or the snapshot it was dumped from. */
  takenAt: string;
  seconds: number;
  client: string;
  proof: Proof;
  /** What was equal in a database filled from it, in words; where `proof` is `restore`. */
  drill?: string[];
  /** ISO 8601; afterwards `backstep artifacts <service> --remove-expired` deletes it. */
  keepUntil: string;
}

/** `radar/bs-….dump on volume claim backups`, or where the place is an address `s3://dumps/radar/bs-….dump`. */
export const whereIs = ({ file, store }: { file: string; store: string }): string =>
  store.includes('://') ? `${store}/${file}` : `${file} on ${store}`;

/** How far a backup was proved, for people. */
export const provedBy = ({ proof }: Pick<Backup, 'proof'>): string =>
  proof === 'read' ? 'read back in full' : 'read back in full, and restored into a database of its own';
