import type { Backstep } from '../client.ts';
import { ClientError } from './client-error.ts';
import type { ClientErrorKind } from './client-error.ts';
import type { Started } from './start.ts';
import { watched } from './status.ts';
import type { Status } from './status.ts';

/** What a person can say and see, through the gateway or straight to Temporal. */
export type Voice = Pick<
  Backstep,
  'start' | 'progress' | 'watch' | 'expected' | 'approve' | 'reject' | 'decide' | 'acknowledge'
> &
  /** The gateway makes no plan that it does not start. */
  Partial<Pick<Backstep, 'plan'>>;

export interface GatewayAccess {
  url: string;
  /** The person's own; it goes to the gateway and nowhere else. */
  token: string;
}

/** Milliseconds; the gateway itself waits 20 s for a worker. */
const patience = 30_000;

const kinds: Record<number, ClientErrorKind> = {
  400: 'invalid',
  404: 'none',
  413: 'invalid',
  415: 'invalid',
  422: 'invalid',
  502: 'failed',
  503: 'unreachable',
};

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Throws ClientError where the address is none, or the token would cross a network in the clear. */
function checked(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const safe =
    parsed?.protocol === 'https:' || (parsed?.protocol === 'http:' && loopback.has(parsed.hostname));
  if (parsed !== undefined && safe) return parsed;
  throw new ClientError(
    'invalid',
    `The gateway's address "${url}" is no https address, nor one of this machine.`,
    'Correct --gateway or BACKSTEP_GATEWAY_URL; `kubectl port-forward` makes it an address of this machine.',
  );
}

/**
 * A person speaking through the gateway, which proves by the token who it is: a name in a message counts for nothing
 * here. Needs no access to Temporal. Every method throws ClientError and nothing else.
 */
export class ThroughGateway implements Voice {
  readonly #url: URL;
  readonly #token: string;

  constructor({ url, token }: GatewayAccess) {
    this.#url = checked(url.endsWith('/') ? url : `${url}/`);
    this.#token = token;
  }

  start: Voice['start'] = async ({ service, target, reason, trigger }) =>
    (await this.#ask(service, 'start', { target, reason, trigger })) as Started;

  progress: Voice['progress'] = async (service) => (await this.#ask(service)) as Status;

  /** The gateway does not tell. */
  expected: Voice['expected'] = () => Promise.resolve({});

  approve: Voice['approve'] = (service, message) => this.#say(service, 'approve', message);
  reject: Voice['reject'] = (service, message) => this.#say(service, 'reject', message);
  decide: Voice['decide'] = (service, message) => this.#say(service, 'decide', message);
  acknowledge: Voice['acknowledge'] = (service, message) => this.#say(service, 'acknowledge', message);

  watch(service: string, every = 1_000, signal?: AbortSignal): AsyncGenerator<Status> {
    return watched(() => this.progress(service), every, signal);
  }

  async #say(
    service: string,
    verb: string,
    message: { by: string; proof?: string | undefined },
  ): Promise<string> {
    const { by: _, proof: __, ...said } = message;
    return ((await this.#ask(service, verb, said)) as { message: string }).message;
  }

  async #ask(service: string, verb?: string, body?: object): Promise<unknown> {
    const path = ['api/rollbacks', encodeURIComponent(service), ...(verb === undefined ? [] : [verb])].join(
      '/',
    );
    let answer: Response;
    let text: string;
    try {
      answer = await fetch(new URL(path, this.#url), {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        // A token follows nobody elsewhere.
        redirect: 'error',
        signal: AbortSignal.timeout(patience),
      });
      text = await answer.text();
    } catch (error) {
      throw away(this.#url, error);
    }
    return read(answer.status, text);
  }
}

function away(url: URL, error: unknown): ClientError {
  const { cause, message } = error as Error & { cause?: { code?: string; message?: string } };
  return new ClientError(
    'unreachable',
    `The gateway cannot be reached at ${url.origin}: ${cause?.code ?? cause?.message ?? message}.`,
    'Check --gateway or BACKSTEP_GATEWAY_URL, and that the gateway runs.',
    { cause: error },
  );
}

/** The answer's JSON; throws ClientError by the status, with the gateway's own words where it has some. */
function read(status: number, text: string): unknown {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    found = undefined;
  }
  if (status === 200 && found !== undefined) return found;
  const { error } = (found ?? {}) as { error?: { message?: string; next?: string } };
  throw new ClientError(
    kinds[status] ?? 'refused',
    error?.message ?? `The gateway answers with status ${status}, and no word of Backstep's.`,
    status === 401
      ? 'Check BACKSTEP_GATEWAY_TOKEN or --token-file; whoever runs the gateway gives tokens.'
      : (error?.next ?? 'Check that the address is the one of a Backstep gateway.'),
  );
}
