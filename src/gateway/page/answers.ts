import { timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { ClientError } from '../../client.ts';
import type { Backstep, Started } from '../../client.ts';
import { faultsOf } from '../../domain/plan/request.ts';
import { longestReason } from '../../domain/approval/statement.ts';
import type { GatewayDependencies } from '../dependencies.ts';
import { mustBeDefined } from '../services.ts';
import type { Session } from '../people/session.ts';
import { Refusal } from '../refusal.ts';
import { isDangerous } from '../../views/facts.ts';
import { said } from '../people/statements.ts';
import type { Said, Says, Verb } from '../people/statements.ts';
import type { Person } from '../people/person.ts';
import type { ReportedDecision } from '../../views/report/decisions.ts';
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
/** The fields of each form, as a browser sends them: text, and no field that is not there. */
const forms: { [V in Verb]: z.ZodType<Said[V]> } = {
  start: said.start.omit({ trigger: true }).extend({ reason }).strip(),
  approve: said.approve
    .extend({
      reason,
      breakGlass: z
        .literal('yes')
        .transform(() => true)
        .optional(),
    })
    .strip(),
  reject: said.reject.extend({ reason }).strip(),
  decide: said.decide.extend({ reason }).strip(),
  acknowledge: said.acknowledge.strip(),
};

export const isVerb = (word: string): word is Verb => Object.hasOwn(forms, word);

/** The session's own word in the form: another site can send a form, but cannot know it. */
export function isSessionForm({ csrf }: Session, body: Record<string, unknown>): boolean {
  const word = body['csrf'];
  const [mine, sent] = [Buffer.from(csrf), Buffer.from(typeof word === 'string' ? word : '')];
  return mine.length === sent.length && timingSafeEqual(mine, sent);
}

/** Which must be confirmed by typing the service's name; the page is asked anew, not the form. */
const dangerous: { [V in Verb]: (form: Said[V], view: View) => boolean } = {
  start: () => true,
  approve: ({ breakGlass }, view) =>
    breakGlass === true || (view.status?.progress?.gate?.dangers ?? []).length > 0,
  reject: () => false,
  decide: ({ decision }) => isDangerous(decision),
  acknowledge: () => false,
};

/**
 * Does what a form asks for, once its fields are whole and, where it is dangerous, confirmed. Pressed twice, the
 * second press says that it is recorded.
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- ties what a form says to its verb
export async function answer<V extends Verb>(
  { backstep, definitions, statements }: GatewayDependencies,
  { person }: Session,
  { service, verb, body }: { service: string; verb: V; body: Record<string, unknown> },
): Promise<Answer> {
  const { data: form, error } = forms[verb].safeParse(body);
  if (error) return { refused: `Nothing was sent: ${faultsOf(error).join('; ')}.`, status: 422 };
  try {
    const view = await look(backstep, service);
    const confirmed = typeof body['confirm'] === 'string' && body['confirm'].trim() === service;
    if (dangerous[verb](form, view) && !confirmed)
      return { refused: `Nothing was sent: type ${service} to confirm.`, status: 422 };
    if (verb === 'start') await mustBeDefined(definitions, service);
    const says: Says = statements;
    const told = await says[verb](person, service, form);
    return { said: typeof told === 'string' ? told : startedOr(told) };
  } catch (error) {
    if (error instanceof Refusal) return { refused: `${error.message} ${error.next}`, status: 422 };
    if (!(error instanceof ClientError)) throw error;
    if (error.kind === 'refused' && (await counted(backstep, person, service, verb, form)))
      return { said: 'It is recorded already.' };
    return { refused: `${error.message} ${error.next}`, status: statuses[error.kind] };
  }
}

function startedOr({ already, worker }: Started): string {
  if (already) return `Nothing was started: ${already.why}.`;
  return worker ? 'Started.' : 'Started; but no worker polls the task queue.';
}

const statuses = {
  invalid: 422,
  refused: 409,
  none: 409,
  unreachable: 503,
  'no-worker': 503,
  failed: 503,
} as const satisfies Record<ClientError['kind'], number>;

/** By which decision of the report an answer was counted. */
const countedBy: { [V in Verb]: (form: Said[V], decision: ReportedDecision) => boolean } = {
  start: () => false,
  approve: ({ plan, breakGlass }, decided) =>
    decided.kind === 'approved' &&
    decided.hash === plan &&
    (decided.breakGlass === true) === (breakGlass === true),
  reject: ({ plan }, decided) => decided.kind === 'rejected' && decided.hash === plan,
  decide: ({ decision, hold }, decided) =>
    decided.kind === 'decided' && decided.hold === hold && decided.decision === decision,
  acknowledge: (_, { kind }) => kind === 'acknowledged',
};

/** Whether this very answer of this person stands in the journal: a second press of the same button. */
async function counted<V extends Verb>(
  backstep: Backstep,
  person: Person,
  service: string,
  verb: V,
  form: Said[V],
): Promise<boolean> {
  const mine = (by: string) => by.trim().toLowerCase() === person.name.trim().toLowerCase();
  const report = await backstep.report(service).catch(() => undefined);
  return (report?.decisions ?? []).some((decision) => mine(decision.by) && countedBy[verb](form, decision));
}
