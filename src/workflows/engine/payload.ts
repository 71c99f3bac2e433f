import { RawValue, defaultPayloadConverter, rawValueTypeInfo } from '@temporalio/common';

/**
 * Arguments that reach the handler undecoded. The SDK decodes a signal's arguments outside of any handler, so
 * that a payload which is no JSON would fail the workflow task for ever.
 */
export const undecoded = { inputTypes: Array.from({ length: 8 }, () => rawValueTypeInfo) };

/** Decodes what a client sent; throws a plain `SyntaxError` or `ValueError` for what is no JSON. */
function decode(sent: unknown): unknown {
  return sent instanceof RawValue ? defaultPayloadConverter.fromPayload(sent.payload) : sent;
}

export type Decoded = { value: unknown } | { fault: string };

/** Decodes without ever throwing. */
export function decoded(sent: unknown): Decoded {
  try {
    return { value: decode(sent) };
  } catch {
    return { fault: 'what was sent is no JSON' };
  }
}
