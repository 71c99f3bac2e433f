import { actionForm, html, htmlLine } from '../../views/render/html.ts';
import { outcomeOf, outcomeTitles } from '../../views/facts.ts';
import { isOver, meanwhile, outageText, writesStoppedText } from '../../views/status.ts';
import { whyNotYou } from '../../views/gate.ts';
import type { Session } from '../people/session.ts';
import { list, timeElement, since } from './parts.ts';
import type { Html } from '../../views/render/html.ts';
import { isOpen } from './view.ts';
import type { View } from './view.ts';
import type { Progress } from '../../views/progress.ts';

/** How it stands, in a few words and a colour. */
export interface Standing {
  kind: 'waits' | 'works' | 'good' | 'bad' | 'none';
  title: string;
}

export function standingOf(view: View, person?: Session['person']): Standing {
  const { status } = view;
  if (status === undefined) return { kind: 'none', title: 'never rolled back' };
  const { progress, end } = status;
  if (end !== undefined) {
    if ('failure' in end)
      return { kind: 'bad', title: end.failure.type === 'Refused' ? 'refused' : 'failed' };
    const { result } = end;
    if ('continuesAs' in result) return { kind: 'none', title: `goes on as ${result.continuesAs}` };
    return { kind: outcomeOf(result).mood, title: outcomeTitles[result.outcome].toLowerCase() };
  }
  if (!isOpen(view)) return { kind: 'bad', title: status.state.toLowerCase() };
  if (progress?.hold !== undefined) return { kind: 'waits', title: 'holds, and waits for a decision' };
  if (progress?.gate !== undefined) {
    const you = person !== undefined && whyNotYou(progress.gate, person) === undefined;
    return {
      kind: 'waits',
      title: `waits for ${you ? 'you' : person ? 'another person' : 'a person'} at gate ${progress.gate.gate}`,
    };
  }
  if (status.noWorker !== undefined) return { kind: 'bad', title: 'stands still: no worker' };
  return { kind: 'works', title: 'at work' };
}

/** For the tab of a browser, which may be one of many. */
export const titleOf = (view: View): string => `${view.service}: ${standingOf(view).title}`;

/** Where it stands and how long the application has been down: what a person reads first. */
export function headline(view: View, session: Session, now: number): Html {
  const { service, status, trouble, report } = view;
  const progress = status?.progress;
  const standing = standingOf(view, session.person);
  const stopped = report?.writesStopped;
  const reason = report?.requested?.reason;
  return html`<div class="headline ${standing.kind}" data-title="${titleOf(view)}">
    <h1>${service}</h1>
    <p class="standing">
      <span class="badge ${standing.kind}">${standing.title}</span>${
        progress?.from === undefined
          ? ''
          : html` <span class="way"><code>${progress.from}</code> → <code>${progress.target}</code></span>`
      }
    </p>
    ${trouble && html`<p class="trouble" role="alert">${trouble.message} ${trouble.next}</p>`}
    ${isOpen(view) && status?.noWorker ? html`<p class="trouble" role="alert">${status.noWorker}</p>` : ''}
    ${progress?.outage ? outage(progress.outage, now) : ''}
    ${!progress?.outage && stopped?.until !== undefined ? html`<p>${htmlLine(writesStoppedText(stopped))}</p>` : ''}
    ${
      status &&
      html`<p class="faint">
        ${startedBy(report?.requested?.by)}${timeElement(status.startedAt)}${
          status.endedAt === undefined
            ? html`, ${since(status.startedAt, now)} ago`
            : html`, ended ${timeElement(status.endedAt)}`
        }${reason === undefined ? '' : html`: ${reason}`}
      </p>`
    }
    ${progress && isOpen(view) ? people(view, progress, session) : ''}
  </div>`;
}

const startedBy = (by: string | undefined) => (by === undefined ? 'Started ' : `Started by ${by} at `);

const outage = (outage: NonNullable<Progress['outage']>, now: number): Html =>
  html`<p class="outage ${isOver(outage, now) ? 'over' : ''}">${htmlLine(outageText(outage, now), now)}</p>`;

/** Who knows of it, who is on it, and what the alerts say meanwhile. */
function people(view: View, progress: Progress, session: Session): Html {
  const { acknowledgedBy, annotations } = progress;
  const mine = acknowledgedBy.some((by) => by.toLowerCase() === session.person.name.toLowerCase());
  return html`${list(
    [
      ...annotations.map(
        ({ source, status, text, at }) => html`${timeElement(at)} ${source}: alert ${status}. ${text}`,
      ),
      ...meanwhile(progress).map((each) => htmlLine(each)),
    ],
    'notes',
  )}
  ${
    mine
      ? ''
      : actionForm(
          {
            service: view.service,
            verb: 'acknowledge',
            label: 'I am on it',
            consequence: 'Nobody else is called for this.',
            dangers: [],
            tone: 'quiet',
          },
          session.csrf,
        )
  }`;
}
