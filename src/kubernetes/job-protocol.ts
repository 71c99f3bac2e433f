import { isFailureType, type FailureType } from '../domain/failures.ts';

/**
 * What a program in a Job says to the activity that started it: lines on standard output, each a word and JSON.
 * Everything else that it prints is log.
 */
const words = {
  progress: 'BACKSTEP-PROGRESS',
  result: 'BACKSTEP-RESULT',
  failure: 'BACKSTEP-FAILURE',
  observed: 'BACKSTEP-OBSERVED',
} as const;

export interface JobProgress {
  doing: string;
  done?: number;
  of?: number;
  unit?: 'rows' | 'bytes';
}

export interface JobFailure {
  type: FailureType;
  message: string;
}

/** Environment variable in which the program finds its arguments as JSON. */
export const argumentsVariable = 'BACKSTEP_JOB';

const say = (word: string, value: unknown) => process.stdout.write(`${word} ${JSON.stringify(value)}\n`);
export const sayProgress = (progress: JobProgress) => say(words.progress, progress);
export const sayResult = (result: unknown) => say(words.result, result);
export const sayFailure = (failure: JobFailure) => say(words.failure, failure);

/** The last value said under a word; undefined where there is none, or where the line is cut. */
function last(lines: readonly string[], word: string): unknown {
  const line = lines.findLast((text) => text.startsWith(`${word} `));
  if (line === undefined) return undefined;
  try {
    return JSON.parse(line.slice(word.length + 1)) as unknown;
  } catch {
    return undefined;
  }
}

/** Reads the progress in one line of a Job's log. */
export const progressIn = (line: string): JobProgress | undefined =>
  last([line], words.progress) as JobProgress | undefined;

/** Reads the result among the lines of a Job's log. */
export const resultIn = (lines: readonly string[]): unknown => last(lines, words.result);

/** Reads what a rehearsal observed among the lines of a Job's log. */
export const observedIn = (lines: readonly string[]): unknown => last(lines, words.observed);

/** Reads the failure among the lines of a Job's log; an unknown type is `JobFailed`. */
export function failureIn(lines: readonly string[]): JobFailure | undefined {
  const said = last(lines, words.failure) as { type?: unknown; message?: unknown } | undefined;
  if (typeof said?.message !== 'string') return undefined;
  const type = typeof said.type === 'string' && isFailureType(said.type) ? said.type : 'JobFailed';
  return { type, message: said.message };
}
