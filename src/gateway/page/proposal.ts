import { orders } from '../../activities/steps.ts';
import type { GateName } from '../../domain/approval/answers.ts';
import { describeLoss } from '../../domain/rehearsal.ts';
import { count } from '../../domain/text.ts';
import { code, line, paragraph } from '../../views/blocks.ts';
import type { Block, Inline, Text } from '../../views/blocks.ts';
import { adviceText } from '../../views/diagnosis.ts';
import { lossLines } from '../../views/losses.ts';
import type { View } from './view.ts';

type Fact = readonly [name: string, value: Text];

/** How long writes would be stopped, from what the steps took the last times; gates come on top. */
function usualOutage({ expected, plan }: View): Inline[] {
  const order = orders[plan?.plan.kind ?? 'rollback'];
  const stops = order.findIndex(({ writes }) => writes === 'stop');
  const resumes = order.findIndex(({ writes }) => writes === 'resume');
  const known = order.slice(stops, resumes + 1).map(({ name }) => expected[name]);
  if (known.length === 0 || known.some((each) => each === undefined)) return [];
  const sum = known.reduce<number>((all, each) => all + (each ?? 0), 0);
  return line`: about ${{ duration: sum }}, plus waiting for approvals`;
}

function costOfStarting(view: View): Fact[] {
  const losses = view.plan?.observations.diagnosis?.estimated.losses ?? [];
  return [
    [
      'It costs',
      line`The application is down until it is finished${usualOutage(view)}. You are asked again before the database changes, with what a rehearsal on a copy found.`,
    ],
    [
      'May be lost',
      losses.length === 0
        ? 'Nothing, judging from the catalog; the rehearsal measures it.'
        : `${losses.map(describeLoss).join('; ')}. The rehearsal measures it.`,
    ],
  ];
}

/** What was measured on the copy: lost, saved, or nothing at all. */
function costOfDowngrading({ report }: View): Fact[] {
  const { rehearsal, salvage } = report ?? {};
  const tried: Text =
    rehearsal === undefined
      ? 'Not known'
      : rehearsal.rehearsed
        ? line`It worked on a copy, in ${{ duration: rehearsal.seconds * 1_000 }}${rehearsal.warnings.length > 0 ? `, with ${count(rehearsal.warnings.length, 'warning')} below` : ''}.`
        : line`${{ badge: 'No', mood: 'waits' }} ${rehearsal.why}`;
  return [['Rehearsed', tried], ...lossLines(salvage).map((each): Fact => ['Data', each])];
}

/** What the gate is about, in the few lines that decide. */
export function proposal(view: View, gate: GateName): Block {
  if (view.plan === null) return paragraph('The plan is not known: no worker answers.');
  const { from, target, reverts, kind } = view.plan.plan;
  const { diagnosis } = view.plan.observations;
  const [only, ...more] = reverts;
  const reverted =
    more.length === 0 && only ? `“${only.message.replace(/\.$/, '')}”` : count(reverts.length, 'migration');
  const moves =
    kind === 'rollback'
      ? line`Move the database from ${code(from)} back to ${code(target)}, reverting ${reverted}; then the release that fits.`
      : kind === 'emergency-restore'
        ? line`Restore the database beside the present one, at ${code(target)}, and rename it into place.`
        : line`Restore it to an earlier time in a new instance, at ${code(target)}, and lead the application there.`;
  return {
    kind: 'facts',
    facts: [
      ...(gate === 'start' && diagnosis ? [['Advice', adviceText(diagnosis)] as const] : []),
      ['Proposed', moves],
      ...(gate === 'start' ? costOfStarting(view) : []),
      ...(gate === 'downgrade' ? costOfDowngrading(view) : []),
    ],
  };
}
