import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface ApiRequest {
  method: string;
  /** Without the query. */
  path: string;
  query: URLSearchParams;
  authorization: string;
  body: Record<string, unknown>;
}

export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
}

export interface Api {
  url: string;
  asked: ApiRequest[];
  close(): Promise<void>;
}

/** An HTTP server on loopback that answers as `answer` says, and remembers what it was asked. */
export async function api(
  answer: (asked: ApiRequest) => Answer,
  tls?: { key: string; cert: string },
): Promise<Api> {
  const asked: ApiRequest[] = [];
  const listener = async (request: IncomingMessage, response: ServerResponse) => {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://test');
    const one: ApiRequest = {
      method: request.method ?? '',
      path: decodeURIComponent(pathname),
      query: searchParams,
      authorization: request.headers.authorization ?? '',
      body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : { text },
    };
    asked.push(one);
    const { status = 200, headers = {}, body } = answer(one);
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(body === undefined ? '' : JSON.stringify(body));
  };
  const serve = (request: IncomingMessage, response: ServerResponse) => void listener(request, response);
  const server: Server = tls === undefined ? createServer(serve) : createSecureServer(tls, serve);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
