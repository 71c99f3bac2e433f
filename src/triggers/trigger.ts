import type { AlertSource } from '../domain/alert.ts';

/** What any source says of one alert, in one form. */
export interface Alert {
  source: AlertSource;
  /** The same for every repeat of one firing, another one when it fires anew. */
  fingerprint: string;
  status: 'firing' | 'resolved';
  name?: string;
  labels: Record<string, string>;
  summary?: string;
  /** When it began to fire, or was resolved, as the sender says; ISO 8601. */
  at?: string;
}

export interface Signed {
  headers: Headers;
  /** As it came: a signature is over bytes, and nothing is parsed before it is checked. */
  body: Uint8Array;
  /** Milliseconds since 1970. */
  now: number;
  /** Set where Grafana's time may be missing. */
  untimed?: boolean;
}

/** 401: nothing that could be checked was sent; 403: it was checked, and is wrong or too old. */
export type Verdict = 'verified' | { refused: 401 | 403; why: string };

/** One way in which alerts arrive. */
export interface Trigger {
  source: AlertSource;
  /** @param secrets any of them will do, so that one can be replaced by another without a gap */
  verify(request: Signed, secrets: readonly string[]): Verdict;
  /** Throws Failure InvalidRequest with every fault; details carry them as `faults`. */
  parse(body: unknown): Alert[];
}
