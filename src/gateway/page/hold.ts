import { actionForm, fold, html, htmlBlocks, htmlLine } from '../../views/render/html.ts';
import type { Session } from '../people/session.ts';
import { consequences, pastThePivot } from './danger.ts';
import { runbooks } from './runbooks.ts';
import { sentence } from '../../views/blocks.ts';
import type { Html } from '../../views/render/html.ts';
import type { View } from './view.ts';
import { stepTitle } from '../../activities/steps.ts';
import type { Decision } from '../../domain/approval/answers.ts';
import type { HoldProgress } from '../../views/progress.ts';

const thenWhat = {
  'put-back': 'everything is put back',
  'stay-stopped': 'it ends with writes stopped',
} as const;

/** The open hold: what failed, the next move, and a button for each decision that is possible. */
export function holdCard(view: View, held: HoldProgress, session: Session, now: number): Html {
  const { service, plan } = view;
  const { hold, step, fault, decisions, deadline, byHand } = held;
  const moved = pastThePivot(view);
  const button = (decision: Decision) => {
    const { label, dangerous, says } = consequences[decision];
    const words = says(moved);
    const asked = actionForm(
      {
        service,
        verb: 'decide',
        hold,
        decision,
        label,
        consequence: words,
        tone: dangerous ? 'danger' : 'primary',
        reason: 'may',
        dangers: dangerous ? [words] : [],
      },
      session.csrf,
    );
    return dangerous
      ? fold(`${hold}-${decision}`, html`${label}: <span class="faint">${words}</span>`, asked)
      : html`<p class="faint">${words}</p>
          ${asked}`;
  };
  return html`<div class="card decide hold">
    <h2>${stepTitle(step)}: decide</h2>
    <p class="faint">
      Hold <code>${hold}</code>. Everything stays as it is
      meanwhile${
        deadline === undefined
          ? ''
          : html`; it ends ${htmlLine({ time: deadline, as: 'until' }, now)}, then
            ${thenWhat[plan?.plan.service.onGiveUp ?? 'put-back']}`
      }.
    </p>
    <p class="fault"><strong>${fault.type}</strong> <span class="message">${fault.message}</span></p>
    <p><strong>Next:</strong> ${htmlLine(sentence(fault.next))}</p>
    ${decisions.map(button)} ${runbooks(plan?.plan.service.relatedRunbooks ?? [])}
    ${byHand.length === 0 ? '' : fold(`${hold}-by-hand`, 'Undo the freeze by hand, without Backstep', htmlBlocks([{ kind: 'code', language: 'sh', lines: byHand }]))}
  </div>`;
}
