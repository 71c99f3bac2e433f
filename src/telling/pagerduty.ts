import type { NotifyOf } from '../runbook/service/notify.ts';
import type { Tiding } from '../runbook/tiding.ts';
import { post } from './post.ts';
import type { Telling } from './telling.ts';

const actions = { 'needs-you': 'trigger', 'on-it': 'acknowledge', settled: 'resolve' } as const;

/** A gate waits while writes are stopped already, or are about to be; whatever else asks is worse. */
const severities = { gate: 'error', hold: 'critical', escalation: 'critical', end: 'critical' } as const;

const longestSummary = 1_024;

/**
 * One alert an operation. What settles a gate or a hold resolves it, so that the next one pages anew: PagerDuty
 * tells nobody of a second trigger while the first is open.
 */
export function pagerDutyEvent(routingKey: string, tiding: Tiding): object {
  const { operation, state, kind, service, at, title, lines, next, link } = tiding;
  const event = { routing_key: routingKey, event_action: actions[state], dedup_key: operation };
  if (state !== 'needs-you') return event;
  return {
    ...event,
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
}

/** By the Events API v2. Throws Failure NotTold, ChannelRefused. */
export async function tellPagerDuty(
  { name, routingKey, api }: NotifyOf<'pagerduty'>,
  tiding: Tiding,
  { secret, signal }: Telling,
): Promise<void> {
  const event = pagerDutyEvent(await secret(routingKey), tiding);
  const url = new URL('/v2/enqueue', api).href;
  await post(`PagerDuty (${name})`, url, JSON.stringify(event), {}, signal);
}
