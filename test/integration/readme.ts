import { markedIn, textOf } from '../docs.ts';

export { words } from '../docs.ts';

/** The pages that show how to roll back: with `backstep`, and with Temporal's own tools. */
const shown = ['README.md', 'docs/temporal.md'];

export const temporalPage = () => textOf('docs/temporal.md');

/** Their blocks of commands with this mark, `<!-- runs: … -->`, in order. */
export const marked = (mark: string): string[] => shown.flatMap((page) => markedIn(page, mark));

/** Every command of Backstep that they mention inside their sentences, without `backstep` itself. */
export const mentioned = (): string[] =>
  shown
    .flatMap((page) => [...textOf(page).matchAll(/`backstep ([^`]+)`/g)])
    .map(([, command]) => command ?? '');
