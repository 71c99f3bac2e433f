import { bodyLimit } from 'hono/body-limit';
import type { Context, MiddlewareHandler } from 'hono';
import { Refusal } from './refusal.ts';

/** A thousand alerts fit in it. */
export const alertLimit = 1024 * 1024;
/** What people send is small. */
export const requestLimit = 64 * 1024;
/** No sender nests deeper than ten; what does is meant to do harm. */
const deepest = 32;

/** Reads no more than that of a body, whatever its headers say. */
export const noLargerThan = (bytes: number): MiddlewareHandler =>
  bodyLimit({
    maxSize: bytes,
    onError: () => {
      throw new Refusal(413, `The body is larger than ${bytes / 1024} KB.`, 'Send less at once.');
    },
  });

const unprocessable = (fault: string) =>
  new Refusal(422, `The body is refused: ${fault}.`, 'Correct the body; nothing was touched.', {
    faults: [fault],
  });

const isNested = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Looked at level by level: what nests too deep would exhaust the stack of a function that calls itself. */
function isTooDeep(value: unknown): boolean {
  let level = [value].filter(isNested);
  for (let depth = 1; depth <= deepest; depth += 1)
    level = level.flatMap((one) => Object.values(one)).filter(isNested);
  return level.length > 0;
}

/** JSON of bytes as they came. Throws Refusal 422 for what is no UTF-8, no JSON, or nested too deep. */
export function readJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw unprocessable('it is not UTF-8');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unprocessable('it is no JSON');
  }
  if (isTooDeep(value)) throw unprocessable(`it is nested deeper than ${deepest}`);
  return value;
}

export const bytesOf = async (context: Context) => new Uint8Array(await context.req.arrayBuffer());

/** Refuses what is not JSON before a schema looks at it; a browser cannot send JSON to us from elsewhere unasked. */
export const jsonOnly: MiddlewareHandler = async (context, next) => {
  if (context.req.method === 'POST') {
    const type = context.req.header('content-type') ?? '';
    if (!/^application\/json\s*(;|$)/i.test(type))
      throw new Refusal(415, 'The body must be JSON.', 'Send it with Content-Type: application/json.');
    readJson(await bytesOf(context));
  }
  await next();
};
