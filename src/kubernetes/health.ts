import { ApiException, Observable, ResponseContext, type RequestContext } from '@kubernetes/client-node';
import { kubernetesFailure, saidBy } from './answer.ts';
import type { Cluster } from './cluster.ts';

/** What answered: the application through its Service, or the API server where no pod could be reached. */
export interface Health {
  /** HTTP status. */
  status: number;
  /** First 500 characters of what was said. */
  said: string;
  /** All of it. */
  body: string;
}

/** A health path that takes longer counts as no answer; milliseconds. */
const answerWithin = 5_000;

/**
 * GET through the API server's proxy of a Service: what `kubectl port-forward svc/… & curl` asks in the
 * runbook's Step 7, without a tunnel that may stall.
 *
 * @throws Failure KubernetesUnreachable, KubernetesRightMissing
 */
export async function health(
  cluster: Cluster,
  namespace: string,
  { service, port, path }: { service: string; port: number; path: string },
): Promise<Health> {
  const name = `${service}:${port}`;
  const doing = `ask ${service}${path}`;
  let answer: Omit<Health, 'body'> | undefined;
  const proxied = {
    pre: (request: RequestContext) => {
      // The client would escape the slashes within the path.
      const whole = `/api/v1/namespaces/${namespace}/services/${name}/proxy${path}`;
      request.setUrl(new URL(whole, request.getUrl()).href);
      request.setSignal(AbortSignal.timeout(answerWithin));
      return new Observable(Promise.resolve(request));
    },
    post: (response: ResponseContext) =>
      new Observable(
        response.body.text().then((said) => {
          answer = { status: response.httpStatusCode, said };
          return read;
        }),
      ),
  };
  const options = { middleware: [proxied], middlewareMergeStrategy: 'append' as const };
  try {
    await cluster.core.connectGetNamespacedServiceProxyWithPath({ namespace, name, path: '' }, options);
  } catch (error) {
    // Where the API server itself does not answer, the next request says so.
    if (!(error instanceof Error) || error.name !== 'TimeoutError') throw kubernetesFailure(error, doing);
    return { status: 504, said: `no answer within ${answerWithin / 1_000} s`, body: '' };
  }
  const { status, said } = answer ?? { status: 0, said: '' };
  if (!isStatus(said)) return { status, said: said.slice(0, 500), body: said };
  const refusal = new ApiException(status, '', said, {});
  if (status === 401 || status === 403) throw kubernetesFailure(refusal, doing);
  return { status, said: saidBy(refusal).slice(0, 500), body: '' };
}

/** Put in place of the application's answer: the client refuses content types that it does not know, or none. */
const read = new ResponseContext(
  200,
  { 'content-type': 'application/json' },
  { text: async () => '""', binary: async () => Buffer.from('""'), stream: () => null },
);

/** The API server's own refusals are objects of kind Status; an application's 403 is not ours. */
const isStatus = (body: string): boolean => /"kind"\s*:\s*"Status"/.test(body);
