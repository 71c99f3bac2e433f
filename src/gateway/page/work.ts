import { html } from './html.ts';
import type { AtWork, Doing } from '../../client.ts';
import { nameOf } from '../../views/details.ts';
import type { StepProgress } from '../../domain/journal/step-progress.ts';
import { list, moment, since } from './parts.ts';
import type { Html } from './html.ts';
import { isOpen } from './view.ts';
import type { View } from './view.ts';
import { bytes, duration } from '../../domain/text.ts';

const amount = (value: number, unit: string | undefined) =>
  unit === 'bytes' ? bytes(value) : value.toLocaleString('en');

/** How far it is, in bytes or rows, where the step says so. */
function farInWords({ done, of, unit }: Doing): string {
  if (done === undefined || unit === 'sessions' || unit === 'pods') return '';
  const named = unit === undefined || unit === 'bytes' ? '' : ` ${unit}`;
  return ` ${amount(done, unit)}${of === undefined ? '' : ` of ${amount(of, unit)}`}${named}`;
}

function latest({ latest: doing, attempt, lastFailure, startedAt, nextAttemptAt }: AtWork): Html | '' {
  const waits = startedAt === undefined && nextAttemptAt !== undefined;
  return html`${doing ? html`<p>${doing.doing}${farInWords(doing)}</p>` : waits ? html`<p>Waits for a worker.</p>` : ''}
  ${attempt > 1 ? html`<p class="trouble">Attempt ${attempt}${lastFailure === undefined ? '' : `; the one before failed: ${lastFailure}`}</p>` : ''}`;
}

/** By what the step says itself, else by the time it usually takes: the browser moves that one on. */
function bar(
  work: AtWork | undefined,
  startedAt: string,
  expected: number | undefined,
  now: number,
): Html | '' {
  const { done, of, unit } = work?.latest ?? {};
  if (done !== undefined && of !== undefined && of > 0 && unit !== 'sessions' && unit !== 'pods')
    return html`<progress max="${of}" value="${Math.min(done, of)}" aria-label="Done"></progress>`;
  if (expected === undefined || expected <= 0) return '';
  const gone = Math.min(now - Date.parse(startedAt), expected);
  return html`<progress
    max="${expected}"
    value="${gone}"
    data-began="${startedAt}"
    aria-label="Time gone, of the usual"
  ></progress>`;
}

const isShown = ({ step, state }: StepProgress) => state === 'running' && step !== 'guard-writes';

function current(line: StepProgress, view: View, now: number): Html {
  const work = view.status?.atWork.find(({ step }) => step === line.step);
  const usual = view.expected[line.step];
  return html`<div class="card">
    <h2>Now: ${nameOf(line)}</h2>
    ${
      line.startedAt === undefined
        ? ''
        : html`<p class="faint">
              For ${since(line.startedAt, now)}${usual === undefined ? '' : `, usually ${duration(usual)}`}
            </p>
            ${bar(work, line.startedAt, usual, now)}`
    }
    ${work ? latest(work) : ''}
  </div>`;
}

/** What goes on at this moment, and who could still write. */
export function work(view: View, now: number): Html | '' {
  const { status } = view;
  if (status?.progress === undefined || !isOpen(view)) return '';
  const running = status.progress.steps.filter(isShown);
  const living = alive(view);
  if (running.length === 0 && living === '') return '';
  return html`${running.map((line) => current(line, view, now))}${living}`;
}

/**
 * Sessions and pods: as found before anything was stopped; those still there while it stops; and then what came
 * back, for which the cluster and the server are looked at each second.
 */
function alive({ status, plan, report }: View): Html | '' {
  const { atWork = [], progress } = status ?? {};
  const stopping = atWork.find(({ step }) => step === 'stop-writes')?.latest;
  const keeping = atWork.find(({ step }) => step === 'guard-writes');
  if (stopping) {
    const still = stopping.alive ?? [];
    return card(still.length === 0 ? html`<p>${stopping.doing}</p>` : list(still), 'Still alive');
  }
  if (keeping) {
    const breaches = report?.breaches ?? [];
    return card(
      breaches.length === 0
        ? html`<p>Nobody. Pods and sessions are looked at each second; no writer came back.</p>`
        : list(
            breaches.map(
              ({ at, what, reachedDatabase }) =>
                html`${moment(at)}
                ${what}${reachedDatabase ? html` <span class="badge bad">reached the database</span>` : ', kept from the database'}`,
            ),
          ),
      'Who could write',
    );
  }
  const seen = plan?.observations;
  if (seen === undefined || progress?.phase !== 'gate-start') return '';
  const pods = seen.pods.map(
    ({ name, ready, reason }) => `pod ${name}: ${ready ? 'ready' : (reason ?? 'not ready')}`,
  );
  const sessions = seen.sessions.map(
    ({ role, application, count }) =>
      `${count} × role ${role}${application === '' ? '' : `, “${application}”`}`,
  );
  return card(list([...pods, ...sessions]), 'Alive when it was assessed');
}

const card = (body: Html | '', title: string): Html | '' =>
  body === ''
    ? ''
    : html`<div class="card">
        <h2>${title}</h2>
        ${body}
      </div>`;
