import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { Backstep } from '../../src/client.ts';
import { createGateway } from '../../src/gateway/app.ts';
import { peopleBy } from '../../src/gateway/people/people.ts';
import type { Session } from '../../src/gateway/people/session.ts';
import { sessionsWith } from '../../src/gateway/people/session.ts';
import { noStatements } from '../../src/gateway/people/statements.ts';
import { definitionsOf, sessionSecret } from '../gateway.ts';

const session: Session = {
  person: { name: 'ann', roles: [], method: 'oidc', issuer: 'https://id.test' },
  csrf: 'a word of this session, and of no other',
};
const people = peopleBy(sessionsWith(sessionSecret, true));

/** Services that the client was asked for. */
const asked: string[] = [];
const backstep = {
  progress: async (service: string) => void asked.push(service),
  report: async (service: string) => void asked.push(service),
  pinnedPlan: async () => null,
  expected: async () => ({}),
  temporal: { options: { namespace: 'default' }, connection: { withDeadline: async () => ({}) } },
} as unknown as Backstep;

const gatewayAt = (publicUrl: string) =>
  createGateway({
    backstep,
    definitions: definitionsOf([]),
    secretsOf: async () => [],
    people: { ...people, sessions: { ...people.sessions, read: async () => session } },
    statements: { ...noStatements, acknowledge: async () => 'Acknowledged: ann is on it.' },
    publicUrl,
    log: pino({ level: 'silent' }),
    now: Date.now,
  });

test.each(['', '/events', '/report.html'])(
  'of what can be no service nothing is asked of Temporal: /rollbacks/<name>%s',
  async (rest) => {
    const app = gatewayAt('https://backstep.test');
    const answer = await app.request(`https://backstep.test/rollbacks/Radar%27%20OR%201%3D1${rest}`);
    expect(answer.status).toBe(404);
    await answer.text();
    expect(asked).toEqual([]);
  },
);

const acknowledged = async (publicUrl: string) => {
  const answer = await gatewayAt(publicUrl).request(`${publicUrl}/rollbacks/radar/acknowledge`, {
    method: 'POST',
    headers: { origin: publicUrl },
    body: new URLSearchParams({ csrf: session.csrf }),
  });
  expect(answer.status).toBe(303);
  return answer.headers.getSetCookie().find((cookie) => cookie.startsWith('backstep-said='));
};

test('what a form is answered goes by HTTPS alone, where people come by HTTPS', async () => {
  expect(await acknowledged('https://backstep.test')).toMatch(/; Secure/);
  expect(await acknowledged('http://127.0.0.1:8080')).not.toMatch(/; Secure/);
});
