import { setTimeout as pause } from 'node:timers/promises';
import type { OperatorService } from '@temporalio/client';
import proto from '@temporalio/proto';
import { searchAttributes } from '../domain/approval/messages.ts';
import { ClientError, clientError } from './client-error.ts';

const keyword = proto.temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;

export const attributeNames: readonly string[] = Object.values(searchAttributes);

/** The server's own cache is behind by up to some seconds. */
const looks = { times: 50, every: 200 };

/** What registers them where Backstep has no right to. */
export const registerByHand = `temporal operator search-attribute create ${attributeNames
  .map((name) => `--name ${name} --type Keyword`)
  .join(' ')}`;

/**
 * Registers the search attributes that are missing, and waits until the server knows them; may run again, and
 * several at once. Throws ClientError where one of them is there as something else, or the right is missing.
 *
 * @returns those that were missing
 */
export async function registerSearchAttributes(
  operator: OperatorService,
  namespace: string,
): Promise<string[]> {
  const known = async () => (await operator.listSearchAttributes({ namespace })).customAttributes ?? {};
  const missing = async () => {
    const now = await known();
    return attributeNames.filter((name) => now[name] === undefined);
  };
  try {
    const before = await known();
    const wrong = attributeNames.filter((name) => before[name] !== undefined && before[name] !== keyword);
    if (wrong.length > 0) {
      const next = `Remove them first: \`temporal operator search-attribute remove --name ${wrong.join(' --name ')}\`.`;
      throw new ClientError('refused', `${wrong.join(', ')} exist, but not as Keyword.`, next);
    }
    const wanted = await missing();
    if (wanted.length === 0) return [];
    await operator
      .addSearchAttributes({
        namespace,
        searchAttributes: Object.fromEntries(wanted.map((name) => [name, keyword])),
      })
      // Another worker that starts at the same time may have been first.
      .catch(async (error: unknown) => {
        if ((await missing()).length > 0) throw error;
      });
    for (let looked = 0; looked < looks.times && (await missing()).length > 0; looked += 1)
      await pause(looks.every);
    return wanted;
  } catch (error) {
    const found = clientError(error, 'register the search attributes');
    if (error instanceof ClientError || !['failed', 'refused'].includes(found.kind)) throw found;
    const next = `Register them by other means, such as \`${registerByHand}\`, with the right to.`;
    throw new ClientError(found.kind, found.message, next, { cause: error });
  }
}
