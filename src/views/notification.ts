import type { Fault } from '../domain/failures.ts';
import { wantsInWords } from '../domain/approval/gate-policy.ts';
import type { Entry, Journal, EntryOf } from '../domain/journal/journal.ts';
import type { OperationId } from '../domain/names.ts';
import type { Notify, Occasion } from '../domain/definition/notify.ts';
import { stepTitle } from '../activities/steps.ts';
import { entriesOf } from '../domain/journal/journal.ts';
import type { Subject } from './progress.ts';

/** What people are told of one entry of the journal, whatever the channel. */
export interface Notification {
  /** The same for the same entry, also after a worker's death or a *Reset*: receivers know a repeat by it. */
  key: string;
  kind: Occasion;
  /** `needs-you`: nothing goes on until somebody acts; `on-it`: somebody acknowledged; `settled`: it is over. */
  state: 'needs-you' | 'on-it' | 'settled';
  service: string;
  operation: OperationId;
  /** How often the escalation path was climbed so far, this time included; absent where it never was. */
  escalations?: number;
  /** ISO 8601. */
  at: string;
  title: string;
  lines: string[];
  /** Commands, the likeliest first. */
  next: string[];
  /** Page of the rollback; the worker knows it, the workflow does not. */
  link?: string;
}

type Said = Pick<Notification, 'key' | 'kind' | 'state' | 'title' | 'lines' | 'next'>;

const longest = 600;
const short = (text: string) => {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > longest ? `${line.slice(0, longest - 1)}…` : line;
};

/** `status` has all of them. */
const faultsTold = 10;

const because = (reason: string | undefined) => (reason === undefined ? [] : [`Reason: ${reason}`]);
const failed = ({ type, message, next }: Fault) => [`${type}: ${message}`, `Next: ${next}`];
const name = '--by <your name>';

const verdicts = {
  passed: 'passed, approved by',
  'passed-by-policy': 'passed by policy',
  rejected: 'rejected by',
  expired: 'expired, approved only by',
  cancelled: 'closed by a cancel request, approved by',
} as const satisfies Record<EntryOf<'gate-closed'>['verdict'], string>;

const gateOpened = (entry: EntryOf<'gate-opened'>, { service }: Subject): Said => {
  const { gate, hash, people, expiresAt, shows, wants = {} } = entry;
  const of = `${service} --gate ${gate} --plan ${hash} ${name}`;
  return {
    key: `gate-${gate}-${hash}-opened`,
    kind: 'gate',
    state: 'needs-you',
    title: `gate ${gate} waits for ${people === 1 ? 'a person' : `${people} different people`}`,
    lines: [...shows, ...wantsInWords(wants), `Plan ${hash}; until ${expiresAt}`],
    next: [`backstep approve ${of}`, `backstep reject ${of}`],
  };
};

function gateClosed(entry: EntryOf<'gate-closed'>): Said | undefined {
  const { gate, hash, verdict, by, reason, breakGlass } = entry;
  const who = by.join(', ') || 'nobody';
  // It never opened, so that nobody was asked.
  if (verdict === 'passed-by-policy') return undefined;
  return {
    key: `gate-${gate}-${hash}-closed`,
    kind: 'gate',
    state: 'settled',
    title: breakGlass
      ? `gate ${gate} passed by ${who} alone, who broke the glass`
      : `gate ${gate} ${verdicts[verdict]} ${who}`,
    lines: because(reason),
    next: [],
  };
}

function holdOpened(entry: EntryOf<'hold-opened'>, { service, plan }: Subject): Said {
  const { hold, step, part, fault, decisions, deadline } = entry;
  const runbooks = plan?.service.relatedRunbooks ?? [];
  return {
    key: `hold-${hold}-opened`,
    kind: 'hold',
    state: 'needs-you',
    title: `hold: "${stepTitle(step)}"${part === undefined ? '' : ` (${part})`} needs a decision`,
    lines: [
      ...failed(fault),
      `Can be decided: ${decisions.join(', ')}${deadline === undefined ? '' : `; until ${deadline}`}`,
      ...runbooks.map(({ title, url }) => `Related runbook: ${title}, ${url}`),
    ],
    next: decisions.map((decision) => `backstep decide ${service} ${decision} --hold ${hold} ${name}`),
  };
}

const holdClosed = ({ hold, decision, by, reason }: EntryOf<'hold-closed'>): Said => ({
  key: `hold-${hold}-closed`,
  kind: 'hold',
  state: 'settled',
  title: `hold ${hold}: ${decision} by ${by}`,
  lines: because(reason),
  next: [],
});

const escalated = ({ to, why, at }: EntryOf<'escalated'>, { service, plan }: Subject): Said => ({
  key: `escalated-${at}`,
  kind: 'escalation',
  state: 'needs-you',
  title: `escalated to ${to}`,
  lines: [
    why,
    ...(plan?.service.relatedRunbooks ?? []).map(({ title, url }) => `Related runbook: ${title}, ${url}`),
  ],
  next: [`backstep acknowledge ${service} ${name}`, `backstep status ${service} --watch`],
});

/** Whoever is on it may say so again of each escalation. */
const acknowledged = ({ by }: EntryOf<'acknowledged'>, escalations: number): Said => ({
  key: `acknowledged-${escalations}-${by}`,
  kind: 'escalation',
  state: 'on-it',
  title: `${by} is on it`,
  lines: [],
  next: [],
});

const ended = ({ outcome, reason }: EntryOf<'ended'>, { service, plan }: Subject): Said => ({
  key: 'ended',
  kind: 'end',
  // Aborted, it is handed over to a person with writes stopped: nobody must think that it is over. Without a plan
  // it is an alert's, which still stands, and Backstep does nothing more about it.
  state: outcome === 'aborted' || plan === undefined ? 'needs-you' : 'settled',
  title:
    plan === undefined && outcome === 'rejected' ? 'refused, and nothing was touched' : `ended ${outcome}`,
  lines: plan === undefined ? reason.trim().split('\n').slice(0, faultsTold) : [reason],
  next: [plan === undefined ? `backstep status ${service}` : `backstep report ${service}`],
});

function said(entry: Entry, subject: Subject, escalations: number): Said | undefined {
  switch (entry.kind) {
    case 'gate-opened':
      return gateOpened(entry, subject);
    case 'gate-closed':
      return gateClosed(entry);
    case 'hold-opened':
      return holdOpened(entry, subject);
    case 'hold-closed':
      return holdClosed(entry);
    case 'escalated':
      return escalated(entry, subject);
    case 'acknowledged':
      return acknowledged(entry, escalations);
    case 'ended':
      return ended(entry, subject);
    default:
      return undefined;
  }
}

/**
 * What people are told of an entry; undefined where nobody needs to be told.
 *
 * @param journal up to the entry, and with it
 */
export function notificationOf(entry: Entry, subject: Subject, journal: Journal): Notification | undefined {
  const escalations = entriesOf(journal, 'escalated').length;
  const words = said(entry, subject, escalations);
  if (words === undefined) return undefined;
  const { service, operation, plan } = subject;
  const way = plan && plan.from !== plan.target ? ` (${plan.from} → ${plan.target})` : '';
  return {
    ...words,
    key: `${operation}-${words.key}`,
    service,
    operation,
    ...(escalations > 0 && { escalations }),
    at: entry.at,
    title: short(`${service}${way}: ${words.title}`),
    lines: words.lines.map(short),
  };
}

/** What the activity `tell` is asked: one channel, one notification; secrets are references (law 9). */
export interface NotifyInput {
  /** Where the Secrets of the definition lie. */
  namespace: string;
  to: Notify;
  notification: Notification;
}

/** The activity that tells; no step, since nothing waits for it. */
export interface NotificationActivities {
  /** `missed`: addresses that the channel refused, while it took others. */
  notify(input: NotifyInput): Promise<{ told: true; missed?: string[] }>;
}
