/** What reverting one migration does: the SQL that a rehearsal ran, or the source of its `downgrade`. */
export interface MigrationCode {
  revision: string;
  text: string;
  /** Characters left out at the end, for a history carries little. */
  more?: number;
}

/** A history carries no more of it, over all migrations. */
const inHistory = 4_000;

/** Newest first; each gets an even share of the room, and what it does not need goes to the others. */
export function briefly(codes: readonly MigrationCode[], room = inHistory): MigrationCode[] {
  let left = room;
  const shares = new Map<MigrationCode, number>();
  const shortestFirst = codes.toSorted((one, other) => one.text.length - other.text.length);
  for (const [index, code] of shortestFirst.entries()) {
    const share = Math.min(code.text.length, Math.floor(left / (codes.length - index)));
    shares.set(code, share);
    left -= share;
  }
  return codes.map((code) => {
    const share = shares.get(code) ?? 0;
    const more = code.text.length - share + (code.more ?? 0);
    return { revision: code.revision, text: code.text.slice(0, share), ...(more > 0 && { more }) };
  });
}
