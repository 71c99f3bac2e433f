import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import { serviceName } from '../../domain/names.ts';
import type { GatewayDependencies } from '../dependencies.ts';
import { versionOf } from './parts.ts';
import { sections } from './sections.ts';
import type { Watch } from './watch.ts';

/** More pages than anybody watches at once: further ones are read without being live. */
const mostViewers = 200;
/** Then the browser comes again by itself, and its session is looked at anew. */
const longest = 10 * 60_000;
/** Proxies close what is silent for longer. */
const quietFor = 15_000;

/** Tells a page what has changed since, section by section. */
export async function events(
  context: Context,
  dependencies: GatewayDependencies,
  watch: Watch,
): Promise<Response> {
  const session = await dependencies.people.sessions.read(context);
  const service = context.req.param('service') ?? '';
  // An EventSource that is answered by anything but 200 gives up: the page then asks to be loaded again.
  if (session === undefined) return context.text('Sign in again.', 401);
  if (!serviceName.safeParse(service).success) return context.text('No such service.', 404);
  if (watch.viewers >= mostViewers) return context.text('Too many pages are watched at once.', 503);
  context.header('x-accel-buffering', 'no');
  return streamSSE(context, async (stream) => {
    const closed = new AbortController();
    stream.onAbort(() => closed.abort());
    const end = setTimeout(() => closed.abort(), longest);
    const breath = setInterval(() => void stream.write(': still here\n\n').catch(() => undefined), quietFor);
    const told = new Map<string, string>();
    try {
      for await (const view of watch.follow(service, closed.signal)) {
        for (const { id, body: markup } of sections(
          view,
          { session, now: dependencies.now() },
          dependencies,
        )) {
          const version = versionOf(markup);
          if (told.get(id) === version) continue;
          told.set(id, version);
          await stream.writeSSE({ event: 'section', data: JSON.stringify({ id, version, markup }) });
        }
      }
    } finally {
      clearTimeout(end);
      clearInterval(breath);
    }
  });
}
