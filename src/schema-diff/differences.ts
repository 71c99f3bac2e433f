import { kinds, type Catalog, type Kind } from '../postgres/catalog.ts';

/** What differs, in plain words: `index papers_score is missing`, `column papers.score: expected …, found …`. */
export function differences(expected: Catalog, found: Catalog, of: readonly Kind[] = kinds): string[] {
  const said: string[] = [];
  for (const kind of of) {
    const wanted: Catalog[Kind] | undefined = expected[kind];
    const there: Catalog[Kind] | undefined = found[kind];
    // One that a version has written which did not read this kind tells nothing of it.
    if (wanted === undefined || there === undefined) continue;
    for (const name of Object.keys({ ...wanted, ...there }).toSorted()) {
      const want = wanted[name];
      const have = there[name];
      if (want === have) continue;
      if (have === undefined) said.push(`${kind} ${name} is missing (expected: ${short(want)})`);
      else if (want === undefined)
        said.push(`${kind} ${name} is there but was not expected (${short(have)})`);
      else said.push(`${kind} ${name}: expected ${short(want)}, found ${short(have)}`);
    }
  }
  return said;
}

/** A definition in one line, cut where it is long. */
export function short(definition = '', limit = 200): string {
  const line = definition.replaceAll(/\s+/g, ' ').trim();
  return line.length > limit ? `${line.slice(0, limit)}…` : line;
}
