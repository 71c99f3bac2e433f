import { bytes, clock, duration, utc } from '../domain/text.ts';
import type { Decision, GateName } from '../domain/approval/answers.ts';
import type { StepState } from './step-progress.ts';

/*
 * What people read, as data. Views make blocks of a plan, a journal or a report; `render/` makes Markdown, HTML or
 * lines of a terminal of them, and nothing else does.
 */

/** How something stands. It becomes a colour, and is always said in words as well. */
export type Mood = 'good' | 'waits' | 'works' | 'bad' | 'none';

/** A part of a line with its type, so that no renderer has to guess one from the text. A string is plain text. */
export type Inline =
  | string
  /** A command, a name, a revision. */
  | { code: string }
  | { strong: string }
  /** Beside the point, in a softer colour. */
  | { faint: string }
  /**
   * ISO 8601, shown in UTC to the second; `day`: with its date. `since` makes "for 3 min 05 s" where there is a clock,
   * which a browser goes on counting, and "since 03:12:05 UTC" elsewhere; `until` "in 58 min 10 s (04:00:00 UTC)" and
   * "at 2025-11-18 04:00:00 UTC".
   */
  | { time: string; as?: 'day' | 'since' | 'until' }
  /** Milliseconds. */
  | { duration: number }
  /** Rows and the like, in the column of a table set to the right; `bytes` with a unit. */
  | { number: number; unit?: 'bytes' }
  | { badge: string; mood: Mood }
  /** Named only, where the URL is none of the web: a file beside a definition leads nowhere. */
  | { link: string; url: string };

export type Text = Inline | readonly Inline[];

/** A step of an operation, as a line of a list. */
export interface StepLine {
  state: StepState;
  name: string;
  /** How long it took, or since when it is at work. */
  time?: Text;
  /** What it says: what it found, or what it does. */
  says?: Text;
  notes?: readonly string[];
}

export type Block =
  | { kind: 'text'; text: Text; look?: 'faint' | 'trouble' }
  /** `none` stands in place of an empty list or table; without it nothing does. */
  | { kind: 'list'; items: readonly Text[]; none?: string; look?: 'warnings' }
  | {
      kind: 'table';
      head: readonly string[];
      rows: readonly (readonly (Text | undefined)[])[];
      none?: string;
      /** Says what the table is about to those who do not see it. */
      label?: string;
    }
  | { kind: 'code'; lines: readonly string[]; language: 'sh' | 'sql' | 'python' | 'text' }
  /** To be ticked off, each by an owner whom people fill in. */
  | { kind: 'tasks'; items: readonly Text[] }
  /** Names with their values, the few that decide. */
  | { kind: 'facts'; facts: readonly (readonly [name: string, value: Text])[] }
  | { kind: 'steps'; steps: readonly StepLine[] }
  | ({ kind: 'section' } & Section);

/** Blocks under a title. `folded`: closed at first where that can be; its key keeps it as the reader left it. */
export interface Section {
  title: Text;
  blocks: readonly Block[];
  folded?: string;
  /** What is folded is open at first: it fits on a screen, and can be closed. */
  open?: boolean;
}

/** What somebody can do about an operation: a form in HTML, a command in a terminal, a link in a chat. */
export type Action = {
  service: string;
  /** On the button. */
  label: string;
  /** What follows, in a sentence. */
  consequence: string;
  /** Why it must be confirmed by typing the service's name; none: a press will do. */
  dangers: readonly string[];
  /** `primary`: the one that is proposed; `danger`: what undoes or loses something; `quiet`: beside the point. */
  tone?: 'primary' | 'danger' | 'quiet';
  /** `may`: asks for a reason; `must`: does not count without one. */
  reason?: 'may' | 'must';
} & ActionTarget;

/** What is answered; hash and hold bind the answer to what was on the screen (law 5). */
export type ActionTarget =
  | { verb: 'start' }
  | { verb: 'approve' | 'reject'; gate: GateName; hash: string; breakGlass?: true }
  | { verb: 'decide'; hold: string; decision: Decision }
  | { verb: 'acknowledge' };

export const code = (text: string): Inline => ({ code: text });
export const time = (iso: string): Inline => ({ time: iso });
export const list = (items: readonly Text[], none?: string): Block => ({
  kind: 'list',
  items,
  ...(none !== undefined && { none }),
});
export const paragraph = (text: Text): Block => ({ kind: 'text', text });
export const trouble = (text: Text): Block => ({ kind: 'text', text, look: 'trouble' });
export const section = (title: Text, ...blocks: Block[]): Block => ({ kind: 'section', title, blocks });
export const folded = (key: string, title: Text, ...blocks: Block[]): Block => ({
  kind: 'section',
  title,
  blocks,
  folded: key,
});

/** Where something applies: spread into a list of blocks or lines. */
export const where = <T>(applies: unknown, ...made: T[]): T[] => (applies ? made : []);

/** A line with typed parts: `` line`${code('0005')} → ${code('0004')}` ``. */
export const line = (strings: TemplateStringsArray, ...parts: (Text | number)[]): Inline[] =>
  strings.flatMap((string, index) => {
    const part = parts[index];
    const made = part === undefined ? [] : typeof part === 'number' ? [{ number: part }] : inlines(part);
    return string === '' ? made : [string, ...made];
  });

/** A code span as CommonMark has it: closed by as many backticks as opened it. */
const span = /(?<!`)(`+)(?!`)([^]*?)(?<!`)\1(?!`)/g;

/** Sentences of failures, steps and reports put commands between backticks; this is where they become typed. */
export function sentence(text: string): Inline[] {
  const parts: Inline[] = [];
  let from = 0;
  for (const match of text.matchAll(span)) {
    if (match.index > from) parts.push(text.slice(from, match.index));
    parts.push({ code: match[2] ?? '' });
    from = match.index + match[0].length;
  }
  return from < text.length ? [...parts, text.slice(from)] : parts;
}

export const inlines = (text: Text): readonly Inline[] => (isList(text) ? text : [text]);

const isList = (text: Text): text is readonly Inline[] => Array.isArray(text);

/** As plain text; `now`, in milliseconds since the epoch, where times are counted. */
export const plain = (text: Text, now?: number): string =>
  inlines(text)
    .map((part) => {
      if (typeof part === 'string') return part;
      if ('time' in part) return timePhrase(part, now).join('');
      if ('duration' in part) return duration(part.duration);
      if ('number' in part)
        return part.unit === 'bytes' ? bytes(part.number) : part.number.toLocaleString('en');
      if ('link' in part) return `${part.link} (${part.url})`;
      if ('badge' in part) return part.badge;
      if ('code' in part) return part.code;
      return 'strong' in part ? part.strong : part.faint;
    })
    .join('');

/** What stands before the time, the time itself, and what stands behind it. */
export function timePhrase(
  { time: iso, as }: Extract<Inline, { time: string }>,
  now?: number,
): [before: string, time: string, after: string] {
  if (as === 'since')
    return now === undefined ? ['since ', clock(iso), ''] : ['for ', countedDown(now - Date.parse(iso)), ''];
  if (as === 'until')
    return now === undefined
      ? ['at ', utc(iso), '']
      : ['in ', countedDown(Date.parse(iso) - now), ` (${clock(iso)})`];
  return ['', as === 'day' ? utc(iso) : clock(iso), ''];
}

/** Whole seconds: nobody reads tenths of a clock that goes on. Milliseconds. */
export const countedDown = (left: number): string => duration(Math.max(0, Math.floor(left / 1_000)) * 1_000);

/** Signs of states, for those who see no colours; each beside its words. */
export const signs = {
  'to-do': ['○', 'to do'],
  running: ['▶', 'running'],
  done: ['✔', 'done'],
  failed: ['✘', 'failed'],
  // A phone makes a coloured picture of the usual sign for a pause.
  holding: ['‖', 'waits for a decision'],
  skipped: ['↷', 'skipped'],
} as const satisfies Record<StepState, readonly [sign: string, words: string]>;
