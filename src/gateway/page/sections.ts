import { html } from '../../views/render/html.ts';
import type { GatewayDependencies } from '../dependencies.ts';
import type { Session } from '../people/session.ts';
import { begin } from './begin.ts';
import { gateCard } from './gate.ts';
import { headline } from './headline.ts';
import { holdCard } from './hold.ts';
import { planCard, recordCard, rehearsalCard, steps, timeline, work } from './cards.ts';
import { outcomeCard } from './outcome.ts';
import type { Html } from '../../views/render/html.ts';
import { placed } from './parts.ts';
import type { Section } from './parts.ts';
import type { View } from './view.ts';

/** Whom the page is for, and when. */
export interface Reader {
  session: Session;
  now: number;
}

type Links = Pick<GatewayDependencies, 'temporalUi' | 'backstep'>;

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
  { id: 'decide', side: 'left', body: decide(view, reader) },
  { id: 'outcome', side: 'left', body: outcomeCard(view) },
  { id: 'work', side: 'right', body: work(view, reader.now) },
  { id: 'plan', side: 'left', body: planCard(view) },
  { id: 'rehearsal', side: 'left', body: rehearsalCard(view) },
  { id: 'steps', side: 'right', body: steps(view, reader.now) },
  { id: 'timeline', side: 'right', body: timeline(view, reader.now) },
  { id: 'record', side: 'right', body: recordCard(view) },
  { id: 'begin', side: 'left', body: begin(view, reader.session) },
  { id: 'temporal', body: temporal(view, links) },
];

const inColumn = (all: Section[], wanted: 'left' | 'right') => all.filter(({ side }) => side === wanted);

/** All of them in their places. */
export function arranged(view: View, reader: Reader, links: Links): Html {
  const all = sections(view, reader, links);
  const [first, ...rest] = all.filter(({ side }) => side === undefined);
  return html`<div id="view">
    ${first && placed(first)}
    <div class="column">${inColumn(all, 'left').map(placed)}</div>
    <div class="column">${inColumn(all, 'right').map(placed)}</div>
    ${rest.map(placed)}
  </div>`;
}
