import { ClientError } from '../client.ts';
import type { Expected, Status } from '../client.ts';
import type { Voice } from '../client/gateway.ts';
import type { CliContext } from './context.ts';
import { statusBlocks } from './status-view.ts';
import { inlines, plain } from '../views/blocks.ts';
import type { Block, Inline, Text } from '../views/blocks.ts';
import { terminalLine, terminalLines } from '../views/render/terminal.ts';
import type { Terminal } from '../views/render/terminal.ts';

export interface FollowOptions {
  json?: boolean;
  /** Called at every look; may ask the person. Answers true where something was said, to look again at once. */
  decide?: (status: Status, stopDrawing: () => void) => Promise<boolean>;
}

const every = 1_000;

/**
 * Shows a rollback until it has ended: drawn anew in place on a terminal, otherwise each line once when it
 * changes, with `json` one object a line. Goes on when Temporal is away for a moment.
 *
 * @returns the last status; undefined where Ctrl-C came first
 */
export async function follow(
  context: CliContext,
  backstep: Voice,
  service: string,
  options: FollowOptions = {},
): Promise<Status | undefined> {
  const screen = options.json ? undefined : screenOf(context);
  let expected: Expected | undefined;
  let shown = '';
  for (;;) {
    try {
      for await (const status of backstep.watch(service, every, context.interrupted)) {
        if (context.interrupted.aborted) return undefined;
        expected ??= await backstep.expected(service, status.type);
        if (screen !== undefined) {
          const now = Date.now();
          screen.show(statusBlocks(status, now, expected), now);
        } else {
          const text = `${JSON.stringify({ ...status, expected })}\n`;
          if (text !== shown) context.out(text);
          shown = text;
        }
        if (status.endedAt !== undefined) return status;
        await options.decide?.(status, () => screen?.leave());
      }
    } catch (error) {
      if (!(error instanceof ClientError) || error.kind !== 'unreachable') throw error;
      if (context.interrupted.aborted) return undefined;
      context.err(`${error.message} Trying again.\n`);
      screen?.leave();
    }
    if (context.interrupted.aborted) return undefined;
  }
}

interface Screen {
  /** `now` in milliseconds since the epoch. */
  show(blocks: Block[], now: number): void;
  /** Leaves what is drawn where it is; the next drawing begins below. */
  leave(): void;
}

function screenOf(context: CliContext): Screen {
  const { columns } = context;
  return columns === undefined ? changesOnly(context) : inPlace(context, columns);
}

function inPlace(context: CliContext, columns: number): Screen {
  let drawn = 0;
  return {
    show: (blocks, now) => {
      const lines = terminalLines(blocks, { colours: context.colours, now });
      const up = drawn === 0 ? '' : `\u001B[${drawn}A\r\u001B[0J`;
      context.out(`${up}${lines.map((line) => `${cut(line, columns)}\n`).join('')}`);
      drawn = lines.length;
    },
    leave: () => {
      drawn = 0;
    },
  };
}

/** Without what only counts the time: it is as before as long as nothing else has changed. */
const lasting = (text: Text): Inline[] =>
  inlines(text).filter(
    (part) => typeof part === 'string' || !('duration' in part || ('time' in part && part.as !== undefined)),
  );

/** Each line as it is printed, and what of it stays as it is while time passes. Steps to come have nothing to tell. */
function changing(block: Block, terminal: Terminal): { stays: string; shown: string }[] {
  const line = (text: Text) => ({ stays: plain(lasting(text)), shown: terminalLine(text, terminal) });
  if (block.kind === 'text') return [line(block.text)];
  if (block.kind === 'list') return block.items.map(line);
  const told =
    block.kind === 'steps'
      ? {
          ...block,
          steps: block.steps
            .filter(({ state }) => state !== 'to-do')
            .map(({ state, name, ...more }) =>
              state === 'running' ? { state, name } : { state, name, ...more },
            ),
        }
      : block;
  return terminalLines([told], terminal).map((shown) => ({ stays: shown, shown }));
}

/** Each line once, and again when more than a time has changed in it. */
function changesOnly({ out, colours }: CliContext): Screen {
  const seen = new Set<string>();
  return {
    show: (blocks, now) => {
      for (const { stays, shown } of blocks.flatMap((block) => changing(block, { colours, now }))) {
        if (seen.has(stays)) continue;
        seen.add(stays);
        out(`${shown}\n`);
      }
    },
    leave: () => undefined,
  };
}

/** Cuts a line at the width of the terminal; a wrapped one would make the next drawing begin too low. */
function cut(line: string, columns: number): string {
  let room = columns - 1;
  let result = '';
  // Colours take no room: what follows an escape up to its "m".
  for (const [index, part] of line.split('\u001B[').entries()) {
    const textAt = index === 0 ? 0 : part.indexOf('m') + 1;
    const text = Array.from(part.slice(textAt));
    result += (index === 0 ? '' : `\u001B[${part.slice(0, textAt)}`) + text.slice(0, room).join('');
    room -= text.length;
    if (room < 0) return `${result}…\u001B[0m`;
  }
  return result;
}
