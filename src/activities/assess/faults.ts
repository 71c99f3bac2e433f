import { setTimeout as pause } from 'node:timers/promises';
import { Failure, failures, fault, type Fault, type FailureType } from '../../domain/failures.ts';

const tries = 3;

/** Everything that is wrong, so that a person mends all of it at once, not one fault a try. */
export class Faults {
  readonly #found: Fault[] = [];

  get all(): readonly Fault[] {
    return this.#found;
  }

  add(type: FailureType, message: string): void {
    this.take(fault(type, message));
  }

  take(found: Fault): void {
    if (!this.#found.some(({ message }) => message === found.message)) this.#found.push(found);
  }

  /**
   * Looks, and keeps a failure as a fault. `where` goes in front of it: which Secret, which workload.
   *
   * @returns undefined where the look failed
   * @throws what is no `Failure`: a bug of Backstep
   */
  async try<T>(look: () => Promise<T>, where?: string): Promise<T | undefined> {
    for (let left = tries; ; left--) {
      try {
        return await look();
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        // A moment without network is no reason to refuse.
        if (failures[error.type].retry && left > 1) {
          await pause(1_000);
          continue;
        }
        const found = fault(error.type, where === undefined ? error.message : `${where}: ${error.message}`);
        this.take(failures[error.type].retry ? { ...found, next: startAgain(error.type) } : found);
        return undefined;
      }
    }
  }
}

/** Before anything was touched nothing goes on by itself. */
const startAgain = (type: FailureType): string =>
  `${failures[type].next.split(';')[0]}, then start again; nothing was touched.`;
