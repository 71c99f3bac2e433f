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
    if (!(error instanceof ApiException)) throw kubernetesFailure(error, `ask ${service}${path}`);
    const body = await textOf(error.body);
    if ((error.code === 401 || error.code === 403) && isStatus(body)) {
      throw kubernetesFailure(error, `ask ${service}${path}`);
    }
    return { status: error.code, said: (isStatus(body) ? saidBy(error) : body).slice(0, 500) };
  }
}

/** The client gives a body of a content type that it does not know, or of none, as a Blob. */
async function textOf(body: unknown): Promise<string> {
  if (body instanceof Blob) return body.text();
  return typeof body === 'string' ? body : JSON.stringify(body ?? '');
}

/** The API server's own refusals are objects of kind Status; an application's 403 is not ours. */
const isStatus = (body: string): boolean => /"kind"\s*:\s*"Status"/.test(body);
