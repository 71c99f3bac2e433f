import { html } from '../../views/render/html.ts';
import type { GatewayDependencies } from '../dependencies.ts';
import { standingOf } from './headline.ts';
import { timeElement } from './parts.ts';
import type { Html } from '../../views/render/html.ts';
import { ClientError } from '../../client.ts';
import type { View } from './view.ts';

/** How each service of the definitions stands; one that cannot be looked at says why. */
export async function servicesOf({ backstep, definitions }: GatewayDependencies): Promise<View[]> {
  const names = await definitions.list();
  return Promise.all(
    names.map(async (service): Promise<View> => {
      const nothing = { service, plan: null, expected: {} };
      try {
        return { ...nothing, status: await backstep.progress(service) };
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        return error.kind === 'none'
          ? nothing
          : { ...nothing, trouble: { message: error.message, next: error.next } };
      }
    }),
  );
}

const order = { waits: 0, bad: 1, works: 2, good: 3, none: 4 } as const;

/** Those that wait for a person come first. */
export function serviceList(views: View[]): Html {
  const lines = views
    .map((view) => ({ view, standing: standingOf(view) }))
    .toSorted((one, other) => order[one.standing.kind] - order[other.standing.kind]);
  return html`<h1>Services</h1>
    ${lines.length === 0 ? html`<p>No service is defined: put a definition into the directory that BACKSTEP_SERVICES names.</p>` : ''}
    <ul class="services">
      ${lines.map(
        ({ view: { service, status, trouble }, standing: { kind, title } }) =>
          html`<li>
            <a href="/rollbacks/${service}"
              ><strong>${service}</strong>
              ${trouble ? html`<span class="badge bad">unknown</span> <span class="faint">${trouble.message}</span>` : html`<span class="badge ${kind}">${title}</span>`}
              ${status === undefined ? '' : html`<span class="faint">since ${status.startedAt.slice(0, 10)} ${timeElement(status.endedAt ?? status.startedAt)}</span>`}</a
            >
          </li>`,
      )}
    </ul>`;
}
