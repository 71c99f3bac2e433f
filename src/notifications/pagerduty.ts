import type { NotifyOf } from '../domain/definition/notify.ts';
import type { Notification } from '../views/notification.ts';
import { post } from './post.ts';
import type { Delivery } from './channel.ts';

const actions = { 'needs-you': 'trigger', 'on-it': 'acknowledge', settled: 'resolve' } as const;

/** A gate waits while writes are stopped already, or are about to be; whatever else asks is worse. */
const severities = { gate: 'error', hold: 'critical', escalation: 'critical', end: 'critical' } as const;

const longestSummary = 1_024;

const level = (operation: string, number: number) => `${operation}-escalation-${number}`;

/**
 * One alert an operation, and one each level of the escalation path: PagerDuty tells nobody of a second trigger while the
 * first is open. What settles a gate or a hold resolves them all, so that the next one pages anew.
 */
export function pagerDutyEvents(routingKey: string, notification: Notification): object[] {
  const { operation, state, kind, escalations = 0, service, at, title, lines, next, link } = notification;
  const event = { routing_key: routingKey, event_action: actions[state] };
  if (state !== 'needs-you') {
    const levels = Array.from({ length: escalations }, (_unused, index) => level(operation, index + 1));
    return [operation, ...levels].map((dedup_key) => ({ ...event, dedup_key }));
  }
  const told = {
    ...event,
    dedup_key: kind === 'escalation' ? level(operation, escalations) : operation,
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
