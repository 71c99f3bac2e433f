import { z } from 'zod';
import { dnsLabel } from '../names.ts';
import { secretReference } from './secret-reference.ts';
import type { SecretReference } from './secret-reference.ts';

/** Of what people are told. */
export const occasions = ['gate', 'hold', 'escalation', 'end'] as const;
export type Occasion = (typeof occasions)[number];

const everyone = {
  name: dnsLabel.describe('Name of the channel, as escalation.path and the report use it'),
  on: z
    .array(z.enum(occasions))
    .min(1)
    .default([...occasions])
    .describe('What is sent: gates and holds that open and close, escalations, the end'),
};

const httpUrl = z.url({ protocol: /^https?$/ });
const mailbox = z.email();

const slack = z.strictObject({
  ...everyone,
  channel: z.literal('slack'),
  url: secretReference.describe('Incoming webhook; anybody who knows its URL can post, so it is a secret'),
});

const pagerduty = z.strictObject({
  ...everyone,
  channel: z.literal('pagerduty'),
  routingKey: secretReference.describe('Integration key of the PagerDuty service (Events API v2)'),
  api: httpUrl
    .default('https://events.pagerduty.com')
    .describe('https://events.eu.pagerduty.com in the European region'),
});

const webhook = z.strictObject({
  ...everyone,
  channel: z.literal('webhook'),
  url: z
    .union([httpUrl, secretReference])
    .describe('Gets the notification as JSON by POST; a Secret reference if the URL itself is a credential'),
  secret: secretReference.describe(
    'Key of the signature by Standard Webhooks: whsec_ and base64, or any text',
  ),
});

const email = z.strictObject({
  ...everyone,
  channel: z.literal('email'),
  server: secretReference.describe(
    'URL of the mail server: smtps://user:password@host, or smtp:// (with a password only by STARTTLS)',
  ),
  ca: secretReference.optional().describe("Certificate (PEM) of the mail server's own authority"),
  from: mailbox.describe('Sender'),
  to: z.array(mailbox).min(1).max(50).describe('Recipients'),
});

const entry = z.discriminatedUnion('channel', [slack, pagerduty, webhook, email]);

/** Who is told what happens, and where (runbook, Post-Rollback: "Communicate to team and stakeholders"). */
export const notify = z
  .array(entry)
  .superRefine((entries, context) => {
    for (const [index, { name }] of entries.entries())
      if (entries.findIndex((other) => other.name === name) < index)
        context.addIssue({ code: 'custom', path: [index, 'name'], message: `"${name}" is there already` });
  })
  .default([]);

export type Notify = z.infer<typeof entry>;
export type NotifyOf<C extends Notify['channel']> = Extract<Notify, { channel: C }>;

/** Whether an incident stays open there until the channel is told that nobody is needed any more. */
export const keepsIncidents = ({ channel }: Notify): boolean => channel === 'pagerduty';

/** What a channel reads from Secrets: whichever of its keys refer to one. */
export const secretsOf = (to: Notify): SecretReference[] =>
  Object.values(to).flatMap((value: unknown) => secretReference.safeParse(value).data ?? []);
