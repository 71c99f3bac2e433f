import { z } from 'zod';
import { timestamp, parsed, said } from './payload.ts';
import { anyFits, hmac, missing, wrong } from './signature.ts';
import type { Alert, Trigger } from './trigger.ts';

export const signatureHeader = 'x-pagerduty-signature';

const summary = z.object({ summary: z.string().nullish() }).nullish();

const webhook = z.object({
  event: z.object({ event_type: z.string().max(100), occurred_at: timestamp, data: z.unknown() }),
});

const incident = z.object({
  id: z.string().min(1).max(100),
  title: z.string().nullish(),
  urgency: z.string().nullish(),
  priority: summary,
  service: z.object({ id: z.string().nullish(), summary: z.string().nullish() }).nullish(),
});

/** Of all that PagerDuty tells, what begins and what ends an incident. */
const statuses: Record<string, Alert['status']> = {
  'incident.triggered': 'firing',
  'incident.reopened': 'firing',
  'incident.resolved': 'resolved',
};

/** An incident's own fields as labels; those that it does not have are no labels. */
const labelsOf = ({ title, urgency, priority, service }: z.infer<typeof incident>) =>
  Object.fromEntries(
    Object.entries({
      service: service?.summary,
      service_id: service?.id,
      urgency,
      priority: priority?.summary,
      title,
    }).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  );

/** PagerDuty, v3 webhook subscriptions. Several signatures come while its secret is being replaced. */
export const pagerduty: Trigger = {
  source: 'pagerduty',
  verify: ({ headers, body }, secrets) => {
    const header = headers.get(signatureHeader);
    if (header === null) return missing(`the header ${signatureHeader}`);
    const sent = header
      .split(',', 10)
      .map((one) => one.trim())
      .filter((one) => one.startsWith('v1='));
    const fits = anyFits(secrets, sent, (secret) => `v1=${hmac(secret, [body], 'hex')}`);
    return fits ? 'verified' : wrong('the signature');
  },
  parse: (body) => {
    const { event } = parsed(webhook, body);
    const status = statuses[event.event_type];
    if (status === undefined) return [];
    const { data } = parsed(z.object({ data: incident }), event);
    const labels = labelsOf(data);
    return [
      {
        source: 'pagerduty',
        fingerprint: data.id,
        status,
        labels,
        at: new Date(event.occurred_at).toISOString(),
        ...said(data.title ?? undefined, data.title ?? undefined),
      },
    ];
  },
};
