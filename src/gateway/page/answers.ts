import { timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { ClientError } from '../../client.ts';
import { messages } from '../../domain/approval/messages.ts';
import { faultsOf, rollbackRequest } from '../../domain/plan/request.ts';
import { longestReason } from '../../domain/approval/statement.ts';
import type { GatewayDependencies } from '../app.ts';
import { mustBeDefined } from '../defined.ts';
import type { Session } from '../people/session.ts';
import { Refusal } from '../refusal.ts';
import { consequences, dangersOfApproving } from './danger.ts';
import type { Verb } from './forms.ts';
import { look } from './view.ts';
import type { View } from './view.ts';

/** What became of a form: a sentence for the top of the page. `status` is that of HTTP where it did not count. */
export type Answer = { said: string } | { refused: string; status: 403 | 409 | 422 | 503 };

const typed = (text: string) => text.replaceAll('\r\n', '\n').trim();
/** An empty field is one that was not filled in. */
const reason = z
  .string()
  .transform(typed)
  .pipe(z.string().max(longestReason, `must be at most ${longestReason} characters`))
  .transform((text) => text || undefined)
  .optional();
const confirm = z.string().max(200).optional();
const { gate, plan } = messages.approve.schema.shape;
const { hold, decision } = messages.decide.schema.shape;

const forms = {
  start: z.object({ target: rollbackRequest.shape.target, reason, confirm }),
  approve: z.object({ gate, plan, reason, confirm, breakGlass: z.literal('yes').optional() }),
  reject: z.object({ gate, plan, reason }),
  decide: z.object({ hold, decision, reason, confirm }),
  acknowledge: z.object({}),
} as const satisfies Record<Verb, z.ZodType>;
type Forms = { [V in Verb]: z.infer<(typeof forms)[V]> };

export const isVerb = (word: string): word is Verb => Object.hasOwn(forms, word);

/** The session's own word in the form: another site can send a form, but cannot know it. */
export function isOwnForm({ csrf }: Session, body: Record<string, unknown>): boolean {
  const word = body['csrf'];
  const [mine, sent] = [Buffer.from(csrf), Buffer.from(typeof word === 'string' ? word : '')];
  return mine.length === sent.length && timingSafeEqual(mine, sent);
}

/** Why this one must be confirmed by typing the service's name; the page is asked anew, not the form. */
function dangersOf<V extends Verb>(verb: V, form: Forms[V], view: View): boolean {
  if (verb === 'start') return true;
  if (verb === 'decide') return consequences[(form as Forms['decide']).decision].dangerous;
  if (verb !== 'approve') return false;
  return (form as Forms['approve']).breakGlass === 'yes' || dangersOfApproving(view).length > 0;
}

/**
 * Does what a form asks for, once its fields are whole and, where it is dangerous, confirmed. Pressed twice, the
 * second press says that it was counted.
 */
export async function answer(
  dependencies: GatewayDependencies,
  session: Session,
  { service, verb, body }: { service: string; verb: Verb; body: Record<string, unknown> },
): Promise<Answer> {
  const { data, error } = forms[verb].safeParse(body);
  if (error) return { refused: `Nothing was sent: ${faultsOf(error).join('; ')}.`, status: 422 };
  try {
    const view = await look(dependencies.backstep, service);
    const confirmed = 'confirm' in data && data.confirm?.trim() === service;
    if (dangersOf(verb, data, view) && !confirmed)
      return { refused: `Nothing was sent: type ${service} to confirm.`, status: 422 };
    return { said: await send(dependencies, session, service, verb, data) };
  } catch (error) {
    if (error instanceof Refusal) return { refused: `${error.message} ${error.next}`, status: 422 };
    if (!(error instanceof ClientError)) throw error;
    if (error.kind === 'refused' && (await counted(dependencies, session, service, verb, data)))
      return { said: 'It was counted already.' };
    return { refused: `${error.message} ${error.next}`, status: statuses[error.kind] };
  }
}

const statuses = {
  invalid: 422,
  refused: 409,
  none: 409,
  unreachable: 503,
  'no-worker': 503,
  failed: 503,
} as const satisfies Record<ClientError['kind'], number>;

async function send<V extends Verb>(
  { definitions, statements }: GatewayDependencies,
  { person }: Session,
  service: string,
  verb: V,
  form: Forms[V],
): Promise<string> {
  const because = 'reason' in form && form.reason !== undefined ? { reason: form.reason } : {};
  switch (verb) {
    case 'start': {
      const { target } = form as Forms['start'];
      await mustBeDefined(definitions, service);
      const { already, worker } = await statements.start(person, { service, target, ...because });
      if (already) return `Nothing was started: ${already.why}.`;
      return worker ? 'Started.' : 'Started; but no worker polls the task queue.';
    }
    case 'approve': {
      const { gate: name, plan: hash, breakGlass } = form as Forms['approve'];
      const verdict = { gate: name, plan: hash, ...because };
      return statements.approve(person, service, breakGlass ? { ...verdict, breakGlass: true } : verdict);
    }
    case 'reject': {
      const { gate: name, plan: hash } = form as Forms['reject'];
      return statements.reject(person, service, { gate: name, plan: hash, ...because });
    }
    case 'decide': {
      const { hold: name, decision: chosen } = form as Forms['decide'];
      return statements.decide(person, service, { hold: name, decision: chosen, ...because });
    }
    default:
      return statements.acknowledge(person, service);
  }
}

/** Whether this very answer of this person stands in the journal: a second press of the same button. */
async function counted<V extends Verb>(
  { backstep }: GatewayDependencies,
  { person }: Session,
  service: string,
  verb: V,
  form: Forms[V],
): Promise<boolean> {
  const mine = (by: string) => by.trim().toLowerCase() === person.name.trim().toLowerCase();
  const report = await backstep.report(service).catch(() => undefined);
  return (report?.decisions ?? []).some(({ by, what, hash }) => {
    if (!mine(by)) return false;
    if (verb === 'approve') return what.includes('approved gate') && hash === (form as Forms['approve']).plan;
    if (verb === 'reject') return what.includes('rejected gate') && hash === (form as Forms['reject']).plan;
    if (verb !== 'decide') return what.startsWith('acknowledged') && verb === 'acknowledge';
    const { decision: chosen, hold: name } = form as Forms['decide'];
    return what.includes(`${chosen} at hold ${name}`);
  });
}
