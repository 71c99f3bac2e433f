import { ApiException, Observable, type RequestContext, type ResponseContext } from '@kubernetes/client-node';
import { kubernetesFailure, saidBy } from './answer.ts';
import type { Cluster } from './cluster.ts';

/** What answered: the application through its Service, or the API server where no pod could be reached. */
export interface Health {
  /** HTTP status. */
  status: number;
  /** First 500 characters of the body of a refusal. */
  said: string;
}

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
  const proxied = `/api/v1/namespaces/${namespace}/services/${name}/proxy${path}`;
  const options = {
    middleware: [
      {
        pre: (request: RequestContext) => {
          // The client would escape the slashes within the path.
          request.setUrl(new URL(proxied, request.getUrl()).href);
          return new Observable(Promise.resolve(request));
        },
        post: (response: ResponseContext) => new Observable(Promise.resolve(response)),
      },
    ],
    middlewareMergeStrategy: 'append' as const,
  };
  try {
    await cluster.core.connectGetNamespacedServiceProxyWithPath({ namespace, name, path: 'health' }, options);
    return { status: 200, said: '' };
  } catch (error) {
    const refusedByKubernetes = error instanceof ApiException && isStatus(error.body);
    if (!(error instanceof ApiException)) throw kubernetesFailure(error, `ask ${service}${path}`);
    if (refusedByKubernetes && (error.code === 401 || error.code === 403))
      throw kubernetesFailure(error, `ask ${service}${path}`);
    return { status: error.code, said: saidBy(error).slice(0, 500) };
  }
}

/** The API server's own refusals are objects of kind Status; an application's 403 is not ours. */
function isStatus(body: unknown): boolean {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return /"kind"\s*:\s*"Status"/.test(text ?? '');
}
