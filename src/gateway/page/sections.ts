import { html } from './html.ts';
import type { GatewayMeans } from '../app.ts';
import type { Session } from '../people/session.ts';
import { begin } from './begin.ts';
import { gateCard } from './gate.ts';
import { headline } from './headline.ts';
import { holdCard } from './hold.ts';
import { outcomeCard, recordCard } from './outcome.ts';
import type { Html } from './html.ts';
import type { Section } from './parts.ts';
import { planCard } from './plan.ts';
import { rehearsalCard } from './rehearsal.ts';
import { steps, timeline } from './timeline.ts';
import type { View } from './view.ts';
import { work } from './work.ts';

/** Whom the page is for, and when. */
export interface Reader {
  session: Session;
  now: number;
}

type Links = Pick<GatewayMeans, 'temporalUi' | 'backstep'>;

function decide(view: View, { session, now }: Reader): Html | '' {
  const { status } = view;
  if (status?.endedAt !== undefined) return '';
  const { hold, gate } = status?.progress ?? {};
  if (hold) return holdCard(view, hold, session, now);
  return gate ? gateCard(view, gate, session, now) : '';
}

function temporal({ status }: View, { temporalUi, backstep }: Links): Html | '' {
  if (temporalUi === undefined || status === undefined) return '';
  const { namespace } = backstep.temporal.options;
  const path = [namespace, 'workflows', status.workflowId, status.runId].map(encodeURIComponent).join('/');
  return html`<p class="faint">
    <a href="${temporalUi}/namespaces/${path}" rel="noreferrer">This run in the Temporal UI</a>
  </p>`;
}

/** The page in the order in which it is read: how it stands, what to decide, what goes on, and why. */
export const sections = (view: View, reader: Reader, links: Links): Section[] => [
  { id: 'now', body: headline(view, reader.session, reader.now) },
  { id: 'decide', body: decide(view, reader) },
  { id: 'outcome', body: outcomeCard(view) },
  { id: 'work', body: work(view, reader.now) },
  { id: 'plan', body: planCard(view) },
  { id: 'rehearsal', body: rehearsalCard(view) },
  { id: 'steps', body: steps(view, reader.now) },
  { id: 'timeline', body: timeline(view, reader.now) },
  { id: 'record', body: recordCard(view) },
  { id: 'begin', body: begin(view, reader.session) },
  { id: 'temporal', body: temporal(view, links) },
];
