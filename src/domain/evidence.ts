/** A large result, kept in storage; history carries its summary only. */
export interface Evidence {
  /** At most 4 KB. */
  summary: string;
  ref: string;
  sha256: string;
}
