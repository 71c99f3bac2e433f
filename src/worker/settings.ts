import { resolve } from 'node:path';
import { z } from 'zod';
import { dnsLabel } from '../domain/names.ts';
import { faultsOf } from '../domain/plan/request.ts';
import { StartError } from './start-error.ts';

/** The environment of a worker beside Temporal's own (TEMPORAL_…) and KUBECONFIG: each variable and its default. */
export const environment = z.object({
  BACKSTEP_SERVICES: z.string().min(1).default('services').describe('Directory of the service definitions'),
  BACKSTEP_REPORTS: z
    .string()
    .min(1)
    .default('reports')
    .describe(
      'Directory for reports and evidence. It must outlive the worker, and all workers must share it',
    ),
  BACKSTEP_NAMESPACE: dnsLabel.default('backstep').describe('Kubernetes namespace of the operation records'),
  BACKSTEP_JOB_IMAGE: z.string().min(1).optional().describe('Image of the Jobs that back up and restore'),
  BACKSTEP_PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Address of the gateway; notifications link to the page there'),
  BACKSTEP_GATEWAY_KEYS: z
    .string()
    .min(1)
    .optional()
    .describe("File of the gateway's public keys; without it no verified person can approve"),
  BACKSTEP_LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error'])
    .default('info')
    .describe('Lowest level that is logged'),
});

export interface WorkerSettings {
  services: string;
  reports: string;
  recordsNamespace: string;
  jobImage?: string;
  publicUrl?: string;
  gatewayKeys?: string;
  logLevel: 'debug' | 'info' | 'warn' | 'error';
}

/** Reads the environment; an empty variable counts as not set. Throws StartError with every fault named. */
export function readSettings(variables: NodeJS.ProcessEnv): WorkerSettings {
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(set);
  if (!parsed.success) throw new StartError(`${faultsOf(parsed.error).join('; ')}. Correct the environment.`);
  const {
    BACKSTEP_JOB_IMAGE: jobImage,
    BACKSTEP_PUBLIC_URL: publicUrl,
    BACKSTEP_GATEWAY_KEYS: gatewayKeys,
    ...found
  } = parsed.data;
  return {
    services: resolve(found.BACKSTEP_SERVICES),
    reports: resolve(found.BACKSTEP_REPORTS),
    recordsNamespace: found.BACKSTEP_NAMESPACE,
    ...(jobImage === undefined ? {} : { jobImage }),
    ...(publicUrl === undefined ? {} : { publicUrl: publicUrl.replace(/\/+$/, '') }),
    ...(gatewayKeys === undefined ? {} : { gatewayKeys: resolve(gatewayKeys) }),
    logLevel: found.BACKSTEP_LOG_LEVEL,
  };
}
