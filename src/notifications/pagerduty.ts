import type { NotifyOf } from '../domain/definition/notify.ts';
import type { Notification } from '../views/notification.ts';
import { post } from './post.ts';
import type { Delivery } from './channel.ts';

/** What somebody answered is resolved once the operation has ended well: until then the application may be down. */
const actions = {
  'needs-you': 'trigger',
  'on-it': 'acknowledge',
  answered: 'acknowledge',
  settled: 'resolve',
} as const satisfies Record<Notification['state'], string>;

/** A gate waits while writes are stopped already, or are about to be; whatever else asks is worse. */
const severities = { gate: 'error', hold: 'critical', escalation: 'critical', end: 'critical' } as const;

const longestSummary = 1_024;

/**
 * One alert for each gate, hold, level of the escalation path and for the end, so that each pages anew: PagerDuty tells
 * nobody of a second trigger while the first is open. An answer or an acknowledgement acknowledges them all; an end
 * after which nobody is needed resolves them all.
 */
export function pagerDutyEvents(routingKey: string, notification: Notification): object[] {
  const { incident, incidents, state, kind, service, at, title, lines, next, link } = notification;
  const event = { routing_key: routingKey, event_action: actions[state] };
  if (state !== 'needs-you') return incidents.map((dedup_key) => ({ ...event, dedup_key }));
  const told = {
    ...event,
    dedup_key: incident,
    client: 'Backstep',
    ...(link !== undefined && { client_url: link, links: [{ href: link, text: 'Page of the rollback' }] }),
    payload: {
      summary: title.slice(0, longestSummary),
      source: service,
      severity: severities[kind],
      timestamp: at,
      component: service,
      class: kind,
      custom_details: { what: lines, next },
    },
  };
  return [told];
}

/** By the Events API v2. Throws Failure NotDelivered, ChannelRefused. */
export async function notifyPagerDuty(
  { name, routingKey, api }: NotifyOf<'pagerduty'>,
  notification: Notification,
  { secret, signal }: Delivery,
): Promise<void> {
  const events = pagerDutyEvents(await secret(routingKey), notification);
  const url = new URL('/v2/enqueue', api).href;
  await Promise.all(
    events.map((event) => post(`PagerDuty (${name})`, url, JSON.stringify(event), {}, signal)),
  );
}
