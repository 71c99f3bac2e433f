import { Failure } from '../domain/failures.ts';
import { answered, patience, retryAfterOf, unanswered } from './failure.ts';

/**
 * Posts JSON, once: Temporal tries again. A redirect is an error, for it may lead a signed message anywhere.
 *
 * @throws Failure NotDelivered, ChannelRefused
 */
export async function post(
  channel: string,
  url: string,
  body: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<void> {
  let target: URL;
  try {
    target = new URL(url);
  } catch {
    throw new Failure('ChannelRefused', `${channel}: its Secret holds no URL`);
  }
  try {
    const response = await fetch(target, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'backstep', ...headers },
      body,
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]),
    });
    const text = await response.text();
    if (response.ok) return;
    throw answered(channel, response.status, text, retryAfterOf(response.headers.get('retry-after')));
  } catch (error) {
    throw unanswered(channel, error);
  }
}
