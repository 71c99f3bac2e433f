import {
  ApisApi,
  AppsV1Api,
  AuthorizationV1Api,
  AutoscalingV2Api,
  BatchV1Api,
  CoreV1Api,
  createConfiguration,
  CustomObjectsApi,
  KubeConfig,
  ServerConfiguration,
  type Configuration,
  type RequestContext,
  type SecurityAuthentication,
} from '@kubernetes/client-node';

/** The clients of one Kubernetes API server. */
export interface Cluster {
  core: CoreV1Api;
  apps: AppsV1Api;
  batch: BatchV1Api;
  autoscaling: AutoscalingV2Api;
  authorization: AuthorizationV1Api;
  /** Which API groups the server has. */
  apis: ApisApi;
  /** Objects of any group, such as those of KEDA, Argo CD and Flux. */
  custom: CustomObjectsApi;
  config: KubeConfig;
}

/** An API server that does not answer in this time counts as unreachable; the client itself waits for 300 s. */
const answerWithin = 20_000;
const keepConnections = 5 * 60_000;

/**
 * Connects to the cluster of a kubeconfig file, of KUBECONFIG, or, inside a pod, of its service account.
 * Nothing is sent yet.
 *
 * @throws Error where no cluster is configured.
 */
export function connect(kubeconfig?: string): Cluster {
  const config = new KubeConfig();
  if (kubeconfig === undefined) config.loadFromDefault();
  else config.loadFromFile(kubeconfig);
  const server = config.getCurrentCluster();
  if (server === null) throw new Error('No Kubernetes cluster is configured: set KUBECONFIG');
  const api: Configuration = createConfiguration({
    baseServer: new ServerConfiguration(server.server, {}),
    authMethods: { default: withKeptConnections(config) },
    promiseMiddleware: [
      {
        pre: async (request) => {
          request.setSignal(AbortSignal.timeout(answerWithin));
          return request;
        },
        post: async (response) => response,
      },
    ],
  });
  return {
    core: new CoreV1Api(api),
    apps: new AppsV1Api(api),
    batch: new BatchV1Api(api),
    autoscaling: new AutoscalingV2Api(api),
    authorization: new AuthorizationV1Api(api),
    apis: new ApisApi(api),
    custom: new CustomObjectsApi(api),
    config,
  };
}

/**
 * The client makes a connection pool, and so a TLS handshake, for every request; polling several times a
 * second wants one that stays. It is renewed now and then, since certificates may be.
 */
function withKeptConnections(config: KubeConfig): SecurityAuthentication {
  let kept: { pool: ReturnType<RequestContext['getDispatcher']>; until: number } | undefined;
  return {
    getName: () => config.getName(),
    applySecurityAuthentication: async (request: RequestContext) => {
      await config.applySecurityAuthentication(request);
      if (kept === undefined || kept.until < Date.now()) {
        kept = { pool: request.getDispatcher(), until: Date.now() + keepConnections };
      } else if (kept.pool !== undefined) {
        request.setDispatcher(kept.pool);
      }
    },
  };
}
