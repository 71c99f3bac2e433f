import { inlines, plain, signs } from '../blocks.ts';
import type { Action, ActionTarget, Block, Inline, Mood, Section, StepLine, Text } from '../blocks.ts';
import type { StepState } from '../step-progress.ts';

/** Colours of a terminal; each answers with the text as it is where there are none. */
export type Colours = Record<'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan', (text: string) => string>;

export interface Terminal {
  colours: Colours;
  /** Milliseconds since the epoch, where times are counted. */
  now?: number;
}

const moods = {
  good: 'green',
  waits: 'yellow',
  works: 'cyan',
  bad: 'red',
  none: 'dim',
} as const satisfies Record<Mood, keyof Colours>;

const states = {
  'to-do': 'none',
  running: 'works',
  done: 'good',
  failed: 'bad',
  holding: 'waits',
  skipped: 'waits',
} as const satisfies Record<StepState, Mood>;

const painted = ({ colours }: Terminal, mood: Mood, text: string) => colours[moods[mood]](text);

function inline(part: Inline, terminal: Terminal): string {
  const text = plain(part, terminal.now);
  if (typeof part === 'string') return text;
  if ('badge' in part) return painted(terminal, part.mood, text);
  if ('strong' in part) return terminal.colours.bold(text);
  return 'faint' in part ? terminal.colours.dim(text) : text;
}

/** One line, however the text is broken. */
export const terminalLine = (text: Text, terminal: Terminal): string =>
  inlines(text)
    .map((part) => inline(part, terminal).replaceAll(/\s*\n\s*/g, ' '))
    .join('');

/** Room for the longest title together with a CronJob's name. */
const nameWidth = 56;
const timeWidth = 14;

function stepLine({ state, name, time = '', says = '' }: StepLine, terminal: Terminal): string {
  const [sign] = signs[state];
  const [took, what] = [plain(time, terminal.now), terminalLine(says, terminal)];
  const text = what === '' && took === '' ? name : `${name.padEnd(nameWidth)} ${took.padStart(timeWidth)}`;
  const line = what === '' ? text : `${text}  ${what}`;
  const shown = state === 'to-do' ? terminal.colours.dim(line) : line;
  return `  ${painted(terminal, states[state], sign)} ${shown}`.trimEnd();
}

/** Columns as wide as their widest cell; numbers stand on the right. */
function tableLines({ head, rows }: Extract<Block, { kind: 'table' }>, terminal: Terminal): string[] {
  const used = head.flatMap((_name, index) => (rows.some((row) => (row[index] ?? '') !== '') ? [index] : []));
  const text = (cell: Text | undefined) => plain(cell ?? '–', terminal.now);
  const isNumber = (index: number) =>
    rows.some((row) =>
      inlines(row[index] ?? '').some((part) => typeof part === 'object' && 'number' in part),
    );
  const widths = used.map((index) =>
    Math.max(head[index]?.length ?? 0, ...rows.map((row) => text(row[index]).length)),
  );
  const aligned = (cells: string[]) =>
    used
      .map((index, at) =>
        isNumber(index)
          ? (cells[at] ?? '').padStart(widths[at] ?? 0)
          : (cells[at] ?? '').padEnd(widths[at] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [
    terminal.colours.dim(aligned(used.map((index) => head[index] ?? ''))),
    ...rows.map((row) => aligned(used.map((index) => text(row[index])))),
  ];
}

const indented = (lines: readonly string[]) => lines.map((each) => `  ${each}`);

function linesOf(block: Block, terminal: Terminal): string[] {
  switch (block.kind) {
    case 'text': {
      const text = terminalLine(block.text, terminal);
      return [block.look === 'trouble' ? terminal.colours.red(text) : text];
    }
    case 'list':
      if (block.items.length === 0) return block.none === undefined ? [] : [block.none];
      return block.items.map((item) => terminalLine(item, terminal));
    case 'table':
      if (block.rows.length === 0) return block.none === undefined ? [] : [block.none];
      return tableLines(block, terminal);
    case 'code':
      return indented(block.lines);
    case 'tasks':
      return block.items.map((item) => `[ ] ${terminalLine(item, terminal)}`);
    case 'facts':
      return block.facts.map(([name, value]) => `${name}: ${terminalLine(value, terminal)}`);
    case 'steps':
      return block.steps.map((step) => stepLine(step, terminal));
    case 'section':
      return sectionLines(block, terminal);
  }
  return block satisfies never;
}

function sectionLines({ title, blocks }: Section, terminal: Terminal): string[] {
  const lines = terminalLines(blocks, terminal);
  return [`${terminalLine(title, terminal)}${lines.length === 0 ? '' : ':'}`, ...indented(lines)];
}

/** Blocks as lines for a terminal; what is under a title is indented. */
export const terminalLines = (blocks: readonly Block[], terminal: Terminal): string[] =>
  blocks.flatMap((block) => linesOf(block, terminal));

/** The same as text. */
export const terminalText = (blocks: readonly Block[], terminal: Terminal): string =>
  `${terminalLines(blocks, terminal).join('\n')}\n`;

const withoutColours = Object.fromEntries(
  ['bold', 'dim', 'red', 'green', 'yellow', 'cyan'].map((name) => [name, (text: string) => text]),
) as Colours;

/** Blocks as lines without colours: for a gate, a notification, an e-mail. Without a clock times are those of the day. */
export const plainLines = (blocks: readonly Block[], now?: number): string[] =>
  terminalLines(blocks, { colours: withoutColours, ...(now !== undefined && { now }) });

/** The command that does it, for somebody at a terminal. */
export function commandOf(action: Pick<Action, 'service'> & ActionTarget): string {
  const { service, verb } = action;
  switch (verb) {
    case 'approve':
    case 'reject':
      return `backstep ${verb} ${service} --gate ${action.gate} --plan ${action.hash}${action.breakGlass ? " --break-glass --reason '…'" : ''}`;
    case 'decide':
      return `backstep decide ${service} ${action.decision} --hold ${action.hold}`;
    case 'acknowledge':
      return `backstep acknowledge ${service}`;
    case 'start':
      return `backstep rollback ${service}`;
  }
  return verb satisfies never;
}
