import { describeWants } from '../domain/approval/gate-policy.ts';
import type { Notify, Occasion } from '../domain/definition/notify.ts';
import type { RelatedRunbook } from '../domain/definition/service.ts';
import type { Entry, EntryOf, Journal } from '../domain/journal/journal.ts';
import type { OperationId } from '../domain/names.ts';
import { stepTitle } from '../activities/steps.ts';
import { plain } from './blocks.ts';
import { answerLine, consequenceOf, gateQuestion, holdQuestion, outcomeOf, whileAsking } from './facts.ts';
import { gateActions, gateShows, gateWaits, ifGateExpires } from './gate.ts';
import { holdActions, ifHoldExpires } from './hold.ts';
import { progressOf } from './progress.ts';
import type { Progress, Subject } from './progress.ts';

/** What people are told of one entry of the journal, whatever the channel. */
export interface Notification {
  /** The same for the same entry, also after a worker's death or a *Reset*: receivers know a repeat by it. */
  key: string;
  kind: Occasion;
  /**
   * `needs-you`: nothing goes on, or it is not over, until somebody acts; `on-it`: somebody acknowledged; `answered`:
   * somebody answered, and it goes on; `settled`: it is over.
   */
  state: 'needs-you' | 'on-it' | 'answered' | 'settled';
  service: string;
  operation: OperationId;
  /** What it is about: the same of a question and of what became of it. */
  incident: string;
  /** All incidents of the operation that asked for somebody so far. */
  incidents: string[];
  /** ISO 8601. */
  at: string;
  title: string;
  lines: string[];
  /** Commands, the likeliest first. None approves or decides: nobody answers what they have not seen. */
  next: string[];
  /** Page of the rollback; the worker knows it, the workflow does not. */
  link?: string;
}

type Said = Pick<Notification, 'key' | 'incident' | 'kind' | 'state' | 'title' | 'lines' | 'next'>;

const longest = 600;
const short = (text: string) => {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > longest ? `${line.slice(0, longest - 1)}…` : line;
};

/** `status` has all of them. */
const shownFaults = 10;

const because = (reason: string | undefined) => (reason === undefined ? [] : [`Reason: ${reason}`]);
const look = (service: string) => [`backstep status ${service}`];
const runbookLines = (runbooks: readonly RelatedRunbook[]) =>
  runbooks.map(({ title, url }) => `Related runbook: ${title}, ${url}`);

const gateIncident = ({ gate, hash }: { gate: string; hash: string }) => `gate-${gate}-${hash}`;
const holdIncident = ({ hold }: { hold: string }) => `hold-${hold}`;
const escalationIncident = ({ at }: { at: string }) => `escalated-${at}`;

/** What asks for somebody with this entry; undefined where nothing does. */
function incidentOf(entry: Entry): string | undefined {
  if (entry.kind === 'gate-opened') return gateIncident(entry);
  if (entry.kind === 'hold-opened') return holdIncident(entry);
  return entry.kind === 'escalated' ? escalationIncident(entry) : undefined;
}

function gateOpened(entry: EntryOf<'gate-opened'>, progress: Progress): Said | undefined {
  const { gate, service, situation } = progress;
  if (gate === undefined) return undefined;
  const at = { ...progress, gate };
  return {
    key: `${gateIncident(entry)}-opened`,
    incident: gateIncident(entry),
    kind: 'gate',
    state: 'needs-you',
    title: gateQuestion(gate.gate, situation),
    lines: [
      whileAsking(situation),
      `Gate ${gate.gate} ${gateWaits(gate)}.`,
      ...gateActions(at).map((each) => plain(answerLine(each))),
      plain(ifGateExpires(at)),
      ...describeWants(gate.wants ?? {}),
      ...gateShows(gate),
      `Plan ${gate.hash}`,
    ],
    next: look(service),
  };
}

const verdicts = {
  passed: 'passed, approved by',
  rejected: 'rejected by',
  expired: 'expired: nobody answered in time',
  cancelled: 'closed by a cancel request',
} as const;

function gateClosed(entry: EntryOf<'gate-closed'>, progress: Progress): Said | undefined {
  const { gate, verdict, by, reason, breakGlass } = entry;
  // It never opened, so that nobody was asked.
  if (verdict === 'passed-by-policy') return undefined;
  const who = by.join(', ');
  const expired = verdict === 'expired';
  const enough = who === '' ? '' : `; approved only by ${who}`;
  return {
    key: `${gateIncident(entry)}-closed`,
    incident: gateIncident(entry),
    kind: 'gate',
    state: expired ? 'needs-you' : 'answered',
    title: breakGlass
      ? `gate ${gate} passed by ${who} alone, who broke the glass`
      : `gate ${gate} ${verdicts[verdict]}${expired ? enough : verdict === 'cancelled' ? '' : ` ${who}`}`,
    lines: [
      ...because(reason),
      ...(expired
        ? [consequenceOf({ gate, answer: 'expire' }, progress.situation, progress).consequence]
        : []),
    ],
    next: expired ? look(progress.service) : [],
  };
}

function holdOpened(entry: EntryOf<'hold-opened'>, progress: Progress): Said | undefined {
  const { hold, service, situation } = progress;
  if (hold === undefined) return undefined;
  const at = { ...progress, hold };
  const { fault, step, part, runbooks = [] } = hold;
  const expires = ifHoldExpires(at);
  return {
    key: `${holdIncident(entry)}-opened`,
    incident: holdIncident(entry),
    kind: 'hold',
    state: 'needs-you',
    title: holdQuestion(step, part, fault),
    lines: [
      whileAsking(situation),
      fault.message,
      `Next: ${fault.next}`,
      ...holdActions(at).map((each) => plain(answerLine(each))),
      ...(expires === undefined ? [] : [plain(expires)]),
      `${fault.type}, hold ${hold.hold}`,
      ...runbookLines(runbooks),
    ],
    next: look(service),
  };
}

function holdClosed(entry: EntryOf<'hold-closed'>, progress: Progress, step: string): Said {
  const { decision, by, reason } = entry;
  const nobody = decision === 'give-up';
  return {
    key: `${holdIncident(entry)}-closed`,
    incident: holdIncident(entry),
    kind: 'hold',
    state: nobody ? 'needs-you' : 'answered',
    title: nobody ? `nobody decided in time: ${step}` : `${decision}, decided by ${by}: ${step}`,
    lines: because(reason),
    next: nobody ? look(progress.service) : [],
  };
}

const escalated = (
  entry: EntryOf<'escalated'>,
  { service, situation }: Progress,
  { plan }: Subject,
): Said => ({
  key: escalationIncident(entry),
  incident: escalationIncident(entry),
  kind: 'escalation',
  state: 'needs-you',
  title: `escalated to ${entry.to}`,
  lines: [entry.why, whileAsking(situation), ...runbookLines(plan?.service.relatedRunbooks ?? [])],
  next: [`backstep acknowledge ${service}`, `backstep status ${service} --watch`],
});

/** Whoever is on it may say so again of each escalation. */
const acknowledged = ({ by }: EntryOf<'acknowledged'>, escalations: number): Said => ({
  key: `acknowledged-${escalations}-${by}`,
  incident: `acknowledged-${escalations}`,
  kind: 'escalation',
  state: 'on-it',
  title: `${by} is on it`,
  lines: [],
  next: [],
});

function ended(entry: EntryOf<'ended'>, { service, situation }: Progress, { plan }: Subject): Said {
  const { outcome, reason, leftBy } = entry;
  const { sentence, needsYou } = outcomeOf({ outcome, situation, ...(leftBy && { leftBy }) });
  const of = { key: 'ended', incident: 'end', kind: 'end' } as const;
  // Without a plan it is an alert's, which still stands, and Backstep does nothing more about it.
  if (plan === undefined)
    return {
      ...of,
      state: 'needs-you',
      title: outcome === 'rejected' ? 'refused, and nothing was touched' : `ended ${outcome}`,
      lines: reason.trim().split('\n').slice(0, shownFaults),
      next: look(service),
    };
  return {
    ...of,
    state: needsYou ? 'needs-you' : 'settled',
    title: `ended ${outcome}`,
    lines: [sentence, reason],
    next: [`backstep report ${service}`],
  };
}

function said(entry: Entry, subject: Subject, journal: Journal): Said | undefined {
  switch (entry.kind) {
    case 'gate-opened':
      return gateOpened(entry, progressOf(journal, subject));
    case 'gate-closed':
      return gateClosed(entry, progressOf(journal, subject));
    case 'hold-opened':
      return holdOpened(entry, progressOf(journal, subject));
    case 'hold-closed':
      return holdClosed(entry, progressOf(journal, subject), titleOfHold(journal, entry.hold));
    case 'escalated':
      return escalated(entry, progressOf(journal, subject), subject);
    case 'acknowledged':
      return acknowledged(entry, journal.filter(({ kind }) => kind === 'escalated').length);
    case 'ended':
      return ended(entry, progressOf(journal, subject), subject);
    default:
      return undefined;
  }
}

function titleOfHold(journal: Journal, name: string): string {
  const opened = journal.findLast((entry) => entry.kind === 'hold-opened' && entry.hold === name);
  return opened?.kind === 'hold-opened' ? stepTitle(opened.step) : name;
}

/**
 * What people are told of an entry; undefined where nobody needs to be told.
 *
 * @param journal up to the entry, and with it
 */
export function notificationOf(entry: Entry, subject: Subject, journal: Journal): Notification | undefined {
  const text = said(entry, subject, journal);
  if (text === undefined) return undefined;
  const { service, operation, plan } = subject;
  const way = plan && plan.from !== plan.target ? ` (${plan.from} → ${plan.target})` : '';
  const of = (name: string) => `${operation}-${name}`;
  const asked = journal.map(incidentOf).filter((name) => name !== undefined);
  return {
    ...text,
    key: of(text.key),
    service,
    operation,
    incident: of(text.incident),
    incidents: [...new Set(asked)].map(of),
    at: entry.at,
    title: short(`${service}${way}: ${text.title}`),
    lines: text.lines.map(short),
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
  notify(input: NotifyInput): Promise<{ delivered: true; missed?: string[] }>;
}
