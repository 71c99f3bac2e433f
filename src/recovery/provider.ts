import type { Endpoint } from '../domain/plan/point-in-time.ts';

/** The instance that is there, as the provider describes it. */
export interface SourceInstance {
  name: string;
  /** Absent where the provider does not know how clients reach it. */
  endpoint?: Endpoint;
  /** The times to which it can be restored. */
  earliest: Date;
  latest: Date;
  /** What the new instance gets as the old one has it, in words. */
  carries: string[];
  /** What a person should know, such as settings that are not carried over. */
  notes: string[];
}

export interface RestoreRequest {
  /** Whole seconds: what every provider can do. */
  to: Date;
  /** Name of the new instance; it holds the operation's id, so that an instance of that name is this wish's own. */
  name: string;
  operation: string;
  /** Milliseconds. */
  within: number;
}

export interface Watch {
  signal: AbortSignal;
  onProgress: (doing: string, done?: { done: number; of: number }) => void;
}

export interface NewInstance {
  name: string;
  endpoint: Endpoint;
  /** Settings in which it differs from the old one after all, and what else a person has to do. */
  notes: string[];
}

/**
 * Restores a database server to an earlier time, always into a new instance. None of them can delete anything: what
 * was made in vain is named in the report.
 */
export interface Provider {
  /** @throws Failure ProviderRefused, ProviderUnreachable, NotRestorable */
  describe(signal: AbortSignal): Promise<SourceInstance>;
  /**
   * Begins, or finds what an earlier attempt began by its name, waits until it can be used, and carries over
   * what the provider does not. On abort the restore goes on: the next attempt finds it.
   *
   * @throws Failure ProviderRefused, ProviderUnreachable, NotRestorable
   */
  restore(request: RestoreRequest, watch: Watch): Promise<NewInstance>;
}

export interface ProviderOptions {
  /** Milliseconds between two looks. */
  every?: number;
}

/** Clouds bill and throttle requests, and take minutes. */
export const lookEvery = 10_000;
