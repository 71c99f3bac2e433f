import { resolve } from 'node:path';
import { z } from 'zod';
import { dnsLabel } from '../domain/names.ts';
import { common, readEnvironment, webAddress } from '../process/start.ts';

/** The environment of a worker beside Temporal's own (TEMPORAL_…) and KUBECONFIG: each variable and its default. */
export const environment = z.object({
  BACKSTEP_SERVICES: common.services,
  BACKSTEP_REPORTS: z
    .string()
    .min(1)
    .default('reports')
    .transform((path) => resolve(path))
    .describe(
      'Directory for reports and evidence. It must outlive the worker, and all workers must share it',
    ),
  BACKSTEP_NAMESPACE: dnsLabel.default('backstep').describe('Kubernetes namespace of the operation records'),
  BACKSTEP_JOB_IMAGE: z.string().min(1).optional().describe('Image of the Jobs that back up and restore'),
  BACKSTEP_PUBLIC_URL: webAddress
    .optional()
    .describe('Address of the gateway; notifications link to the page there'),
  BACKSTEP_GATEWAY_KEYS: z
    .string()
    .min(1)
    .transform((path) => resolve(path))
    .optional()
    .describe("File of the gateway's public keys; without it no verified person can approve"),
  BACKSTEP_LOG_LEVEL: common.logLevel,
});

const settings = environment.transform((set) => ({
  services: set.BACKSTEP_SERVICES,
  reports: set.BACKSTEP_REPORTS,
  recordsNamespace: set.BACKSTEP_NAMESPACE,
  jobImage: set.BACKSTEP_JOB_IMAGE,
  publicUrl: set.BACKSTEP_PUBLIC_URL,
  gatewayKeys: set.BACKSTEP_GATEWAY_KEYS,
  logLevel: set.BACKSTEP_LOG_LEVEL,
}));
export type WorkerSettings = z.output<typeof settings>;

/** Throws StartError with every fault named. */
export const readSettings = (variables: NodeJS.ProcessEnv): WorkerSettings =>
  readEnvironment(settings, variables);
