import { z } from 'zod';
import type { AlertSource } from '../domain/alert.ts';
import { Failure } from '../domain/failures.ts';
import { faultsOf } from '../domain/plan/request.ts';
import type { Alert } from './trigger.ts';

/** Labels as every source has them. A label never names a revision or a command. */
const labels = z.record(z.string().max(200), z.string().max(2_000));

/** When an alert began to fire, as any source writes it; to ISO 8601 in UTC. */
export const timestamp = z
  .string()
  .max(50)
  .refine((text) => !Number.isNaN(Date.parse(text)), 'must be a time in ISO 8601');

const cut = (text: string, length: number) =>
  text.length <= length ? text : `${text.slice(0, length - 1)}…`;

/** What an alert says of itself is for people and may be long; only its beginning is kept. */
export const said = (name: string | undefined, summary: string | undefined) => ({
  ...(name && { name: cut(name, 200) }),
  ...(summary && { summary: cut(summary, 500) }),
});

/** Throws Failure InvalidRequest with every fault named. */
export function parsed<T>(schema: z.ZodType<T>, body: unknown): T {
  const { data, error } = schema.safeParse(body);
  if (data !== undefined) return data;
  const faults = error ? faultsOf(error) : ['the body is empty'];
  throw new Failure('InvalidRequest', faults.join('; '), { faults });
}

/** One notification of a group of alerts, as Alertmanager sends it; Grafana sends the same form with more in it. */
const notification = z.object({
  alerts: z
    .array(
      z.object({
        status: z.enum(['firing', 'resolved']),
        labels,
        annotations: labels.default({}),
        startsAt: timestamp,
        endsAt: timestamp.optional(),
        fingerprint: z.string().min(1).max(100),
      }),
    )
    .min(1)
    .max(1_000),
});

/** The fingerprint is that of the labels and never changes; when it began tells one firing from the next. */
export const groupedAlerts = (source: AlertSource, body: unknown): Alert[] =>
  parsed(notification, body).alerts.map(({ status, labels, annotations, startsAt, endsAt, fingerprint }) => ({
    source,
    fingerprint: `${fingerprint}@${startsAt}`,
    status,
    labels,
    // What ends today may have begun long ago. While it fires, its end is a guess or the year 1.
    at: new Date(status === 'resolved' ? (endsAt ?? startsAt) : startsAt).toISOString(),
    ...said(labels['alertname'], annotations['summary'] ?? annotations['description']),
  }));

/** The form in which anything may send an alert: a script, a CI job, another tool. */
export const plainAlert = z.strictObject({
  fingerprint: z.string().trim().min(1).max(150).describe('Names the incident; the same for each repeat'),
  status: z.enum(['firing', 'resolved']).default('firing'),
  name: z.string().max(1_000).optional(),
  labels: labels.describe('What the rules of a service definition are compared with'),
  summary: z.string().max(10_000).optional(),
  at: timestamp.optional().describe('When it began to fire'),
});

/** An alert that came in that form. */
export const plainAlertOf = (
  source: AlertSource,
  { fingerprint, status, labels, name, summary, at }: z.infer<typeof plainAlert>,
): Alert => ({
  source,
  fingerprint,
  status,
  labels,
  ...said(name, summary),
  ...(at !== undefined && { at: new Date(at).toISOString() }),
});
