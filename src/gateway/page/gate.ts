import { html, htmlBlocks } from '../../views/render/html.ts';
import type { Session } from '../people/session.ts';
import { dangersOfApproving } from './danger.ts';
import { form } from './forms.ts';
import { list, moment, more, until } from './parts.ts';
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
  const says = { gate: name, plan: hash };
  const shared = { service, session, says } as const;
  const mayBreak = gate.wants?.breakGlass?.some((role) => session.person.roles.includes(role)) === true;
  return html`<div class="card decide">
    <h2>${asks[name]}</h2>
    <p class="faint">
      Gate <code>${name}</code> waits for
      ${missing === 1 ? '1 person' : `${missing} different people`}${
        approvedBy.length > 0 ? html`; approved by ${approvedBy.join(', ')}` : ''
      }.
      It expires in ${until(expiresAt, now)} (${moment(expiresAt)}); then ${refusing[name]}.
    </p>
    ${htmlBlocks([proposal(view, name)])}
    ${mine ? html`<p class="said">You have approved. Another person is needed.</p>` : ''}
    ${refused === undefined ? '' : html`<p class="said">${refused}</p>`}
    ${
      mine || refused !== undefined
        ? ''
        : form({
            ...shared,
            verb: 'approve',
            button: 'Approve',
            look: 'primary',
            reason: 'may',
            dangers: dangersOfApproving(view),
          })
    }
    ${more(`reject-${hash}`, html`Reject: <span class="faint">${refusing[name]}</span>`, form({ ...shared, verb: 'reject', button: 'Reject', look: 'danger', reason: 'may' }))}
    ${mayBreak ? breakGlass(shared, hash) : ''}
    ${more(`shows-${hash}`, html`All that is approved: plan <code>${hash}</code>, ${shows.length} lines`, list(shows, 'shows'))}
  </div>`;
}

const breakGlass = (
  shared: { service: string; session: Session; says: { gate: GateName; plan: string } },
  hash: string,
): Html =>
  more(
    `break-${hash}`,
    html`Break the glass: <span class="faint">pass this gate alone</span>`,
    form({
      ...shared,
      verb: 'approve',
      says: { ...shared.says, breakGlass: 'yes' },
      button: 'Pass it alone',
      look: 'danger',
      reason: 'must',
      dangers: [
        'You pass this gate alone, whatever the policy says. Your name and reason stand first in the report.',
      ],
    }),
  );
