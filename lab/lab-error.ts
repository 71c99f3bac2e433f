/** A fault of the machine or the set-up whose message is for the person at the terminal: what is wrong and what to do. */
export class LabError extends Error {
  override name = 'LabError';
}

/** What to print for an error: the next move for a full disk, whoever met it; the message of a LabError; else everything. */
export function explanation(error: unknown): string {
  const full = error instanceof Error && /ENOSPC|No space left on device/.test(error.message);
  if (full)
    return `The disk is full: free some space and run this again, it goes on where it stopped.\n${error.message}`;
  if (error instanceof LabError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
