import { actionForm, fold, html, htmlBlocks, htmlLine } from '../../views/render/html.ts';
import { gateQuestion } from '../../views/facts.ts';
import {
  breakGlassAction,
  gateActions,
  gateWaits,
  ifGateExpires,
  mayBreakGlass,
  whyNotYou,
} from '../../views/gate.ts';
import type { Session } from '../people/session.ts';
import { list, sentence } from '../../views/blocks.ts';
import type { Html } from '../../views/render/html.ts';
import { proposal } from './proposal.ts';
import type { View } from './view.ts';
import type { GateProgress } from '../../views/progress.ts';

/** The open gate: what is proposed, what it would cost, and the two buttons. */
export function gateCard(view: View, gate: GateProgress, session: Session, now: number): Html {
  const { service, status } = view;
  const { gate: name, hash, shows } = gate;
  const situation = status?.progress?.situation;
  if (situation === undefined) return html``;
  const at = { ...status?.progress, service, situation, gate };
  const [approve, reject] = gateActions(at);
  const notYou = whyNotYou(gate, session.person);
  const { csrf } = session;
  return html`<div class="card decide">
    <h2>${gateQuestion(name, situation)}</h2>
    <p class="faint">Gate <code>${name}</code> ${gateWaits(gate)}. ${htmlLine(ifGateExpires(at), now)}</p>
    ${htmlBlocks([proposal(view, name)])}
    ${notYou === undefined ? html`<p class="faint">${approve?.consequence}</p>` : html`<p class="said">${notYou}</p>`}
    ${notYou !== undefined || approve === undefined ? '' : actionForm(approve, csrf)}
    ${reject ? fold(`reject-${hash}`, html`Reject: <span class="faint">${reject.consequence}</span>`, actionForm(reject, csrf)) : ''}
    ${mayBreakGlass(gate, session.person) ? fold(`break-${hash}`, html`Break the glass: <span class="faint">pass this gate alone</span>`, actionForm(breakGlassAction(at), csrf)) : ''}
    ${fold(`shows-${hash}`, html`All that is approved: plan <code>${hash}</code>, ${shows.length} lines`, htmlBlocks([list(shows.map(sentence))]))}
  </div>`;
}
