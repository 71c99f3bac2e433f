import { actionForm, fold, html, htmlBlocks, htmlLine } from '../../views/render/html.ts';
import type { Session } from '../people/session.ts';
import { dangersOfApproving } from './danger.ts';
import { list, sentence } from '../../views/blocks.ts';
import { people as inPeople } from '../../domain/text.ts';
import type { Html } from '../../views/render/html.ts';
import { proposal } from './proposal.ts';
import type { View } from './view.ts';
import type { GateName } from '../../domain/approval/answers.ts';
import type { GateProgress } from '../../views/progress.ts';

const asks: Record<GateName, string> = {
  start: 'Begin this rollback?',
  downgrade: 'Downgrade the database?',
  restore: 'Go on with the restored database?',
};

const refusing: Record<GateName, string> = {
  start: 'nothing is touched',
  downgrade: 'everything that was stopped is put back, and the database is not moved',
  restore: 'writes stay stopped, and a person takes over',
};

/** Anything that the policy wants of this person and that is not so: then the press would count for nothing. */
function why({ wants }: GateProgress, { person }: Session): string | undefined {
  if (wants?.notBy?.trim().toLowerCase() === person.name.trim().toLowerCase())
    return 'You started it, so somebody else must approve it.';
  if (wants?.roles && !wants.roles.some((role) => person.roles.includes(role)))
    return `Approving needs one of these roles: ${wants.roles.join(', ')}. Yours: ${person.roles.join(', ') || 'none'}.`;
  return undefined;
}

/** The open gate: what is proposed, what it would cost, and the two buttons. */
export function gateCard(view: View, gate: GateProgress, session: Session, now: number): Html {
  const { service } = view;
  const { gate: name, hash, people, approvedBy, expiresAt, shows } = gate;
  const missing = people - approvedBy.length;
  const refused = why(gate, session);
  const mine = approvedBy.some((by) => by.toLowerCase() === session.person.name.toLowerCase());
  const { csrf } = session;
  const shared = { service, gate: name, hash, consequence: refusing[name], dangers: [] } as const;
  const mayBreak = gate.wants?.breakGlass?.some((role) => session.person.roles.includes(role)) === true;
  return html`<div class="card decide">
    <h2>${asks[name]}</h2>
    <p class="faint">
      Gate <code>${name}</code> waits for
      ${inPeople(missing)}${approvedBy.length > 0 ? html`; approved by ${approvedBy.join(', ')}` : ''}. It
      expires ${htmlLine({ time: expiresAt, as: 'until' }, now)}; then ${refusing[name]}.
    </p>
    ${htmlBlocks([proposal(view, name)])}
    ${mine ? html`<p class="said">You have approved. Another person is needed.</p>` : ''}
    ${refused === undefined ? '' : html`<p class="said">${refused}</p>`}
    ${
      mine || refused !== undefined
        ? ''
        : actionForm(
            {
              ...shared,
              verb: 'approve',
              label: 'Approve',
              tone: 'primary',
              reason: 'may',
              dangers: dangersOfApproving(view),
            },
            csrf,
          )
    }
    ${fold(`reject-${hash}`, html`Reject: <span class="faint">${refusing[name]}</span>`, actionForm({ ...shared, verb: 'reject', label: 'Reject', tone: 'danger', reason: 'may' }, csrf))}
    ${mayBreak ? breakGlass({ service, gate: name, hash }, csrf) : ''}
    ${fold(`shows-${hash}`, html`All that is approved: plan <code>${hash}</code>, ${shows.length} lines`, htmlBlocks([list(shows.map(sentence))]))}
  </div>`;
}

const breakGlass = (at: { service: string; gate: GateName; hash: string }, csrf: string): Html =>
  fold(
    `break-${at.hash}`,
    html`Break the glass: <span class="faint">pass this gate alone</span>`,
    actionForm(
      {
        ...at,
        verb: 'approve',
        breakGlass: true,
        label: 'Pass it alone',
        consequence: 'You pass this gate alone, whatever the policy says.',
        tone: 'danger',
        reason: 'must',
        dangers: [
          'You pass this gate alone, whatever the policy says. Your name and reason stand first in the report.',
        ],
      },
      csrf,
    ),
  );
