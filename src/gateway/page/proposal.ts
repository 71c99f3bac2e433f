import { html } from '../../views/render/html.ts';
import type { Advice, Diagnosis } from '../../domain/diagnosis.ts';
import { lossInWords } from '../../domain/rehearsal.ts';
import type { Html } from '../../views/render/html.ts';
import type { View } from './view.ts';
import { count, duration } from '../../domain/text.ts';
import type { GateName } from '../../domain/approval/answers.ts';
import { orders } from '../../activities/steps.ts';

const advices: Record<Advice, { words: string; kind: string }> = {
  rollback: { words: 'Roll back', kind: 'good' },
  'fix-forward': { words: 'Fix forward instead', kind: 'waits' },
  unsure: { words: 'Unsure: judge for yourself', kind: 'waits' },
};

/** The runbook's advice in one line, with its reason. */
export const advice = ({ advice: given, because }: Diagnosis): Html =>
  html`<span class="badge ${advices[given].kind}">${advices[given].words}</span> ${because}.`;

/** How long writes would be stopped, from what the steps took the last times; gates come on top. */
function outageInWords({ expected, plan }: View): string | undefined {
  const order = orders[plan?.plan.kind ?? 'rollback'];
  const stops = order.findIndex(({ writes }) => writes === 'stop');
  const resumes = order.findIndex(({ writes }) => writes === 'resume');
  const known = order.slice(stops, resumes + 1).map(({ name }) => expected[name]);
  if (known.length === 0 || known.some((each) => each === undefined)) return undefined;
  return duration(known.reduce<number>((sum, each) => sum + (each ?? 0), 0));
}

function costOfStarting(view: View): Html {
  const usually = outageInWords(view);
  const losses = view.plan?.observations.diagnosis?.estimated.losses ?? [];
  return html`<dt>It costs</dt>
    <dd>
      Writes are stopped and the application is down
      meanwhile${usually === undefined ? '' : html`, lately for ${usually} and the time at gates`}. Before the
      database moves you are asked again, with what a rehearsal on a copy found.
    </dd>
    <dt>May be lost</dt>
    <dd>
      ${losses.length === 0 ? 'Nothing, judging from the catalog; the rehearsal measures it.' : losses.map((loss) => html`${lossInWords(loss)}<br />`)}
    </dd>`;
}

/** What was measured on the copy: lost for good, kept, or nothing at all. */
function costOfDowngrading({ report }: View): Html {
  const { rehearsal, salvage } = report ?? {};
  const lost = salvage?.lost ?? [];
  const kept = salvage?.salvaged ?? [];
  return html`<dt>Rehearsed</dt>
    <dd>
      ${
        rehearsal === undefined
          ? 'Not known'
          : rehearsal.rehearsed
            ? `It worked on a copy, in ${duration(rehearsal.seconds * 1_000)}${rehearsal.warnings.length > 0 ? `, with ${count(rehearsal.warnings.length, 'warning')} below` : ''}.`
            : html`<span class="badge waits">No</span> ${rehearsal.why}`
      }
    </dd>
    <dt>Is lost</dt>
    <dd>
      ${
        salvage?.unknown !== undefined
          ? html`<span class="badge bad">Not known</span> ${salvage.unknown}; this counts as a loss.<br />`
          : ''
      }
      ${
        lost.length > 0
          ? html`<span class="badge bad">Lost</span> ${lost.map((loss) => html`${lossInWords(loss)}<br />`)}`
          : kept.length > 0
            ? `${salvage?.unknown === undefined ? 'Nothing: ' : ''}${count(
                kept.reduce((sum, { rows }) => sum + rows, 0),
                'row',
              )} of ${kept.map(({ object }) => object).join(', ')} are kept in a salvage script.`
            : rehearsal?.rehearsed === true
              ? 'Nothing.'
              : salvage?.unknown === undefined
                ? 'Not known.'
                : ''
      }
    </dd>`;
}

/** What the gate is about, in the few lines that decide. */
export function proposal(view: View, gate: GateName): Html {
  const { plan } = view;
  if (plan === null) return html`<p>The plan is not known: no worker answers.</p>`;
  const { from, target, reverts, kind } = plan.plan;
  const { diagnosis } = plan.observations;
  return html`<dl class="proposal">
    ${
      gate === 'start' && diagnosis
        ? html`<dt>Advice</dt>
            <dd>${advice(diagnosis)}</dd>`
        : ''
    }
    <dt>Proposed</dt>
    <dd>
      ${
        kind === undefined
          ? html`Move the database from <code>${from}</code> back to <code>${target}</code>, reverting
              ${reverts.length === 1 ? html`“${reverts[0]?.message.replace(/\.$/, '')}”` : count(reverts.length, 'migration')};
              then the release that fits.`
          : kind === 'emergency-restore'
            ? html`Restore the database beside the present one, at <code>${target}</code>, and rename it into
                place.`
            : html`Restore it to a moment in a new instance, at <code>${target}</code>, and lead the
                application there.`
      }
    </dd>
    ${gate === 'start' ? costOfStarting(view) : ''} ${gate === 'downgrade' ? costOfDowngrading(view) : ''}
  </dl>`;
}
