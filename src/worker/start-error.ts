import { ClientError } from '../client/client-error.ts';

/** Something that keeps a worker or a gateway from starting: what is wrong, and the next move. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** Why the process ends, for whoever started it; with a stack only where nobody foresaw it. */
export function whyEnded(error: unknown): string {
  if (error instanceof StartError) return error.message;
  if (error instanceof ClientError) return `${error.message} ${error.next}`;
  return (error as Error).stack ?? String(error);
}
