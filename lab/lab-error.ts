/** A fault of the machine or the set-up whose message is for the person at the terminal: what is wrong and what to do. */
export class LabError extends Error {
  override name = 'LabError';
}
