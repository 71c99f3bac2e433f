import { z } from 'zod';
import type { AlertSource } from '../domain/alert.ts';
import { labels, moment, parsed, said } from './payload.ts';
import { anyFits, credential, missing, wrong } from './signature.ts';
import type { Alert, Trigger } from './trigger.ts';

/** One notification of a group; Grafana sends the same form with more in it. */
const notification = z.object({
  alerts: z
    .array(
      z.object({
        status: z.enum(['firing', 'resolved']),
        labels,
        annotations: labels.default({}),
        startsAt: moment,
        endsAt: moment.optional(),
        fingerprint: z.string().min(1).max(100),
      }),
    )
    .min(1)
    .max(1_000),
});

/** The fingerprint is that of the labels and never changes; when it began tells one firing from the next. */
export const alertsOf = (source: AlertSource, body: unknown): Alert[] =>
  parsed(notification, body).alerts.map(({ status, labels, annotations, startsAt, endsAt, fingerprint }) => ({
    source,
    fingerprint: `${fingerprint}@${startsAt}`,
    status,
    labels,
    // What ends today may have begun long ago. While it fires, its end is a guess or the year 1.
    at: new Date(status === 'resolved' ? (endsAt ?? startsAt) : startsAt).toISOString(),
    ...said(labels['alertname'], annotations['summary'] ?? annotations['description']),
  }));

/** Prometheus Alertmanager, `webhook_configs`; it signs nothing, so the secret itself is its credential. */
export const alertmanager: Trigger = {
  source: 'alertmanager',
  verify: ({ headers }, secrets) => {
    const sent = credential(headers);
    if (sent === undefined) return missing('the Authorization header with a Bearer token or a password');
    return anyFits(secrets, [sent], (secret) => secret) ? 'verified' : wrong('the credential');
  },
  parse: (body) => alertsOf('alertmanager', body),
};
