import { provedBy, whereIs } from '../../domain/backup.ts';
import { diagnosisInWords } from '../diagnosis.ts';
import type { Report } from './report.ts';
import { bytes, duration } from '../../domain/text.ts';

/** Who or what asked for it, and how a person was proved. */
function askedLines({ requested }: Report): string[] {
  if (requested === undefined) return [];
  const { by, via, alert, target, from = '', reason = 'no reason given', trigger } = requested;
  const who =
    alert === undefined
      ? `Asked for by ${by ?? 'nobody named'} (${via === undefined ? 'self-asserted' : `proved by ${via}`})`
      : `Asked for by alert ${alert.name ?? alert.fingerprint} of ${alert.source} (fingerprint ${alert.fingerprint})`;
  return [
    `${who}, ${target === undefined ? `from ${from}` : `target ${target}`}: ${reason}`,
    ...(trigger === undefined ? [] : [`Trigger: ${trigger}`]),
  ];
}

function stoppedLines({ writesStopped }: Report): string[] {
  if (writesStopped === undefined) return [];
  const { from, until } = writesStopped;
  return [
    until === undefined
      ? `Writes stopped: since ${from}, and still stopped`
      : `Writes stopped: ${duration(Date.parse(until) - Date.parse(from))} (${from} to ${until})`,
  ];
}

export function factLines(report: Report): string[] {
  const { revision, startedAt, endedAt, restored, planHash } = report;
  return [
    `Operation ${report.operation}, workflow ${report.workflowId}${planHash === undefined ? '' : `, plan ${planHash}`}`,
    ...(revision
      ? [
          `Revision before: ${revision.before}; after: ${revision.after ?? 'not known'}; target: ${revision.target}`,
          ...revision.reverted.map((reverted) => `Reverted: ${reverted.revision} ${reverted.message}`),
        ]
      : []),
    ...askedLines(report),
    ...(startedAt === undefined ? [] : [`From ${startedAt} to ${endedAt ?? 'now'}`]),
    ...stoppedLines(report),
    ...(restored
      ? [
          `Restored from the ${restored.from === 'snapshot' ? 'snapshot' : 'backup'} in ${duration(restored.seconds * 1_000)}`,
        ]
      : []),
  ];
}

export function backupLines({ backup }: Report): string[] {
  if (backup === undefined) return [];
  return [
    `${whereIs(backup)}, ${bytes(backup.bytes)}, by ${backup.client} in ${duration(backup.seconds * 1_000)}`,
    `SHA-256 ${backup.sha256}`,
    `Snapshot of ${backup.takenAt}; ${provedBy(backup)}`,
  ];
}

/** Runbook, Pre-Rollback Checklist: document the current state. */
export function foundLines({ foundAtStart: seen }: Report): string[] {
  if (seen === undefined) return [];
  return [
    ...(seen.diagnosis ? diagnosisInWords(seen.diagnosis) : []),
    `Database of ${bytes(seen.databaseBytes)}`,
    ...seen.sessions.map(
      ({ role, application, count }) => `Sessions: ${count} of ${role} (${application || 'unnamed'})`,
    ),
    ...seen.pods.map(
      ({ name, ready, reason }) =>
        `Pod ${name}: ${ready ? 'ready' : `not ready, ${reason ?? 'no reason given'}`}`,
    ),
    ...seen.errors.map((text) => `Log: ${text}`),
    ...seen.notes,
  ];
}

/** Everything that was kept to be looked at later: what it proves, where it lies, its checksum. */
export function evidenceRows({ backup, rehearsal, salvage, emergency, newer }: Report): string[][] {
  const dataDiff = emergency?.dataDiff ?? newer;
  const kept = salvage?.kept;
  return [
    ...(backup ? [['The dump, as proved', whereIs(backup), backup.sha256]] : []),
    ...(rehearsal?.rehearsed
      ? [['What the downgrade did on a copy', rehearsal.evidence.ref, rehearsal.evidence.sha256]]
      : []),
    ...(kept ? [['What was salvaged', `${kept.file} on ${kept.store}`, kept.sha256]] : []),
    ...(kept?.text ? [['Its statements, without data', kept.text.ref, kept.text.sha256]] : []),
    ...(dataDiff
      ? [['What the restored database does not hold', dataDiff.evidence.ref, dataDiff.evidence.sha256]]
      : []),
  ];
}
