import { diagnosisInWords } from '../views/diagnosis.ts';
import type { Assessment, Observations, Plan } from '../domain/plan/plan.ts';
import { plannedWaysBack } from '../views/ways-back.ts';
import type { CliContext } from './context.ts';
import { bytes } from '../domain/text.ts';

type Colours = CliContext['colours'];

/** What `assess` answered, one entry a line, in the order in which a person asks at night. */
export function assessmentLines(assessment: Assessment, colours: Colours): string[] {
  if (assessment.kind === 'nothing-to-do') {
    return [`${colours.green('Nothing to do')} at ${assessment.revision}: ${assessment.reason}`];
  }
  if (assessment.kind === 'refused') {
    return assessment.faults.flatMap(({ type, message, next }) => [
      `${colours.red(type)}: ${message}`,
      `  Next: ${next}`,
    ]);
  }
  return planLines(assessment.plan, assessment.hash, assessment.observations, colours);
}

function planLines(plan: Plan, hash: string, seen: Observations, colours: Colours): string[] {
  const { service, database } = plan;
  const rows = Object.entries(seen.counts).map(([table, count]) => `${table} ${count.toLocaleString('en')}`);
  return [
    `${colours.bold(service.service)}  ${plan.from} → ${plan.target}  plan ${hash}`,
    ...section(
      'Reverts',
      plan.reverts.map(({ revision, message }) => `${revision}  ${message}`),
    ),
    ...section('Database', [
      `${database.name} (PostgreSQL ${database.serverMajor}, owner ${database.owner}, ${bytes(seen.databaseBytes)}), fenced off as ${database.fencedName}`,
      ...rows,
    ]),
    ...section(
      'Workloads',
      plan.workloads.map(
        ({ deployment, found, wanted, rollBackTo }) =>
          `${deployment}: ${found.replicas} → 0 → ${wanted.replicas} replicas, ${found.image} → ${rollBackTo?.image ?? colours.yellow('no fitting image')}`,
      ),
    ),
    ...section(
      'CronJobs, resumed in this order',
      plan.cronJobs.map(({ name, found, wanted, rollBackTo }) => {
        const stays = wanted.suspended || rollBackTo === undefined ? colours.yellow(', stays suspended') : '';
        return `${name}: ${found.suspended ? 'found suspended, ' : ''}${rollBackTo?.image ?? 'no fitting image'}${stays}`;
      }),
    ),
    ...section('Diagnosis', seen.diagnosis ? diagnosisInWords(seen.diagnosis) : []),
    ...section('Ways back', plannedWaysBack(plan)),
    ...section('Approval', [
      plan.people === 0
        ? 'nobody is asked'
        : `gate downgrade needs ${plan.people === 1 ? '1 person' : `${plan.people} different people`}`,
      ...(plan.takesUp ? [`takes up the unfinished rollback ${plan.takesUp.operation}`] : []),
    ]),
    ...section(
      'Sessions',
      seen.sessions.map(
        ({ role, application, count }) =>
          `${count} of ${role}${application === '' ? '' : ` (${application})`}`,
      ),
    ),
    ...section(
      'Pods',
      seen.pods.map(
        ({ name, ready, reason }) =>
          `${name}: ${ready ? 'ready' : `not ready${reason === undefined ? '' : `, ${reason}`}`}`,
      ),
    ),
    ...section('Last errors', seen.errors),
    ...section('Notes', seen.notes),
    ...section('Not verified', seen.notVerified),
  ];
}

const section = (title: string, lines: string[]) =>
  lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${line}`)];
