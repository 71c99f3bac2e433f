import { actionForm, fold, html, htmlBlocks, htmlLine } from '../../views/render/html.ts';
import type { Session } from '../people/session.ts';
import { holdQuestion, whileHolding } from '../../views/facts.ts';
import { holdActions, ifHoldExpires, onlyByHand } from '../../views/hold.ts';
import type { Action } from '../../views/blocks.ts';
import { runbooks } from './runbooks.ts';
import { sentence } from '../../views/blocks.ts';
import type { Html } from '../../views/render/html.ts';
import type { View } from './view.ts';
import type { HoldProgress } from '../../views/progress.ts';

/** The open hold: what failed, the next move, and a button for each decision that is possible. */
export function holdCard(view: View, held: HoldProgress, session: Session, now: number): Html {
  const { service, plan, status } = view;
  const { hold, step, part, fault, byHand } = held;
  const situation = status?.progress?.situation;
  if (situation === undefined) return html``;
  const at = { ...status?.progress, service, situation, hold: held };
  const expires = ifHoldExpires(at);
  const button = (action: Action) => {
    const { label, consequence, dangers, tone } = action;
    const asked = actionForm(action, session.csrf);
    const advised = tone === 'primary' ? ' (advised)' : '';
    return dangers.length > 0
      ? fold(`${hold}-${label}`, html`${label}${advised}: <span class="faint">${consequence}</span>`, asked)
      : html`<p class="faint">${consequence}</p>
          ${asked}`;
  };
  return html`<div class="card decide hold">
    <h2>${holdQuestion(step, part, fault)}</h2>
    <p class="faint">
      Hold <code>${hold}</code>. ${whileHolding(situation)}
      ${expires === undefined ? '' : htmlLine(expires, now)}
    </p>
    <p class="fault"><strong>${fault.type}</strong> <span class="message">${fault.message}</span></p>
    <p><strong>Next:</strong> ${htmlLine(sentence(fault.next))}</p>
    ${holdActions(at).map(button)} ${runbooks(plan?.plan.service.relatedRunbooks ?? [])}
    ${
      byHand.length === 0
        ? ''
        : fold(
            `${hold}-by-hand`,
            'Commands for the case that Backstep is gone for good',
            html`<p>${onlyByHand}</p>
              ${htmlBlocks([{ kind: 'code', language: 'sh', lines: byHand }])}`,
          )
    }
  </div>`;
}
