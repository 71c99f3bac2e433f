import { groupedAlerts } from './payload.ts';
import { anyFits, credential, missing, wrong } from './signature.ts';
import type { Trigger } from './trigger.ts';

/** Prometheus Alertmanager, `webhook_configs`; it signs nothing, so the secret itself is its credential. */
export const alertmanager: Trigger = {
  source: 'alertmanager',
  verify: ({ headers }, secrets) => {
    const sent = credential(headers);
    if (sent === undefined) return missing('the Authorization header with a Bearer token or a password');
    return anyFits(secrets, [sent], (secret) => secret) ? 'verified' : wrong('the credential');
  },
  parse: (body) => groupedAlerts('alertmanager', body),
};
