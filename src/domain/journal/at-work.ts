/** What an activity says it is doing, by its latest heartbeat. */
export interface Doing {
  doing: string;
  done?: number;
  of?: number;
  unit?: string;
  /** Pods, Jobs and sessions that still live while writes are being stopped. */
  alive?: string[];
}

/** A step at work, as the server sees it. Times are ISO 8601. */
export interface AtWork {
  step: string;
  /** Of Temporal, not of a person: from the second on the step is being tried again by itself. */
  attempt: number;
  startedAt?: string;
  heartbeatAt?: string;
  latest?: Doing;
  /** Why the attempt before failed. */
  lastFailure?: string;
  /** When the next attempt begins, where none is running. */
  nextAttemptAt?: string;
}

/** Milliseconds that a step usually takes; a step that no earlier run completed is absent. */
export type Expected = Record<string, number>;
