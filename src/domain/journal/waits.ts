import type { Journal } from './journal.ts';

/** A time in which people were waited for. Times are ISO 8601. */
export interface Wait {
  kind: 'gate' | 'hold';
  /** The gate's or the hold's name. */
  name: string;
  from: string;
  /** Absent while it is open. */
  until?: string;
  /** How it ended: the gate's verdict, the hold's decision. */
  ended?: string;
}

/** Every gate and hold that was opened, in order. */
export function waitsIn(journal: Journal): Wait[] {
  const waits: Wait[] = [];
  const close = (name: string, kind: Wait['kind'], until: string, ended: string) => {
    const open = waits.findLast((wait) => wait.kind === kind && wait.name === name);
    // A gate that policy passes is closed without having been opened.
    if (open !== undefined && open.until === undefined) Object.assign(open, { until, ended });
  };
  for (const entry of journal) {
    if (entry.kind === 'gate-opened') waits.push({ kind: 'gate', name: entry.gate, from: entry.at });
    if (entry.kind === 'hold-opened') waits.push({ kind: 'hold', name: entry.hold, from: entry.at });
    if (entry.kind === 'gate-closed') close(entry.gate, 'gate', entry.at, entry.verdict);
    if (entry.kind === 'hold-closed') close(entry.hold, 'hold', entry.at, entry.decision);
  }
  return waits;
}
