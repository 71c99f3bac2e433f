import { groupedAlerts } from './payload.ts';
import { anyFits, fresh, hmac, missing, wrong } from './signature.ts';
import type { Trigger } from './trigger.ts';

export const signatureHeader = 'x-grafana-alerting-signature';
export const timestampHeader = 'x-grafana-alerting-timestamp';

/**
 * Grafana Alerting, contact point `webhook` with HMAC. It signs the body, and the time too where its contact
 * point names a header for it. Without the time whoever has seen a request could send it again: it must be there,
 * unless the gateway is told otherwise.
 */
export const grafana: Trigger = {
  source: 'grafana',
  verify: ({ headers, body, now, untimed }, secrets) => {
    const sent = headers.get(signatureHeader);
    const timestamp = headers.get(timestampHeader);
    if (sent === null) return missing(`the header ${signatureHeader}`);
    if (timestamp === null && untimed !== true)
      return missing(`the header ${timestampHeader} (name it as timestampHeader in the contact point)`);
    const signed = timestamp === null ? [body] : [timestamp, ':', body];
    if (!anyFits(secrets, [sent], (secret) => hmac(secret, signed, 'hex'))) return wrong('the signature');
    return timestamp === null ? 'verified' : fresh(timestamp, now);
  },
  parse: (body) => groupedAlerts('grafana', body),
};
