/** A definition taken apart just far enough: text, and what stands in brackets. Literals and names are whole. */
type Node = string | Group;
interface Group {
  open: '(' | '[';
  inner: Node[];
}

/** Strings, quoted names and bodies between dollars as one; words; casts; everything else by the character. */
const token =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([\p{L}_][\p{L}\p{N}_]*)?\$[^]*?\$\1\$|[\p{L}\p{N}_]+|::|\s+|[^]/gu;

/**
 * A definition as it survives a dump and restore: PostgreSQL prints some expressions otherwise once it has read its
 * own words. Two kinds were found among 360 definitions, on 15 and on 18.4, and only these are made alike:
 *
 * - over varchar, `IN ('a', 'b')` is printed with `(ARRAY['a'::character varying, …])::text[]`, and after a restore
 *   with `ARRAY[('a'::character varying)::text, …]`: the cast is written at each element
 * - an IN list that is no array, `v IN (t, 'b', lower(t))`, is printed as `((A OR B) OR C)`, and after a restore as
 *   `(A OR B OR C)`: the first operand's brackets go where they hold the same connective
 *
 * Other brackets, casts, literals and bodies of functions stay as they are, for they mean something.
 */
export function settled(definition: string): string {
  return text(settle(parsed(definition)));
}

function parsed(definition: string): Node[] {
  const root: Node[] = [];
  const stack: Group[] = [];
  for (const [piece] of definition.matchAll(token)) {
    const inner = stack.at(-1)?.inner ?? root;
    if (piece === '(' || piece === '[') {
      const group: Group = { open: piece, inner: [] };
      inner.push(group);
      stack.push(group);
    } else if (piece === closing(stack.at(-1))) stack.pop();
    else inner.push(piece);
  }
  // A name that is not quoted may open what nobody closes: then nothing of it is taken for a bracket.
  return stack.length === 0 ? root : [definition];
}

const closing = (group: Group | undefined): string | undefined => group && (group.open === '(' ? ')' : ']');

const text = (nodes: readonly Node[]): string =>
  nodes
    .map((node) => (typeof node === 'string' ? node : `${node.open}${text(node.inner)}${closing(node)}`))
    .join('');

function settle(nodes: readonly Node[]): Node[] {
  const within = nodes.map((node) =>
    typeof node === 'string' ? node : { ...node, inner: flat(settle(node.inner)) },
  );
  return castElements(within);
}

const isSpace = (node: Node): boolean => typeof node === 'string' && /^\s+$/.test(node);
const solid = (nodes: readonly Node[]): Node[] => nodes.filter((node) => !isSpace(node));
const isWord = (node: Node | undefined): boolean => typeof node === 'string' && /^[\p{L}"]/u.test(node);

/** `(ARRAY[a, b])::T[]`, or `ARRAY[a, b]::T[]` where it is printed prettily, as `ARRAY[(a)::T, (b)::T]`. */
function castElements(nodes: readonly Node[]): Node[] {
  const made: Node[] = [];
  for (let at = 0; at < nodes.length; at += 1) {
    const array = arrayAt(nodes, at);
    const type = array && typeAfter(nodes, at + array.length);
    if (type === undefined || array === undefined) {
      made.push(nodes[at] ?? '');
      continue;
    }
    const cast = array.elements.flatMap((element, index) => [
      ...(index === 0 ? [] : [', ']),
      ...(array.pretty && isSimple(element) ? element : [{ open: '(' as const, inner: element }]),
      '::',
      ...type,
    ]);
    made.push('ARRAY', { open: '[', inner: cast });
    at += array.length + type.length + 1;
  }
  return made;
}

interface ArrayFound {
  elements: Node[][];
  pretty: boolean;
  /** How many nodes it takes. */
  length: number;
}

function arrayAt(nodes: readonly Node[], at: number): ArrayFound | undefined {
  const node = nodes[at];
  const pretty = node === 'ARRAY';
  const [word, list, ...more] = pretty
    ? [node, nodes[at + 1]]
    : typeof node === 'object' && node.open === '('
      ? solid(node.inner)
      : [];
  if (word !== 'ARRAY' || typeof list !== 'object' || list.open !== '[' || more.length > 0) return undefined;
  const elements = split(list.inner, [',']);
  return elements.every((element) => element.length > 0)
    ? { elements, pretty, length: pretty ? 2 : 1 }
    : undefined;
}

/** The type of the elements in `::T[]`, without the brackets. */
function typeAfter(nodes: readonly Node[], at: number): Node[] | undefined {
  if (nodes[at] !== '::') return undefined;
  const type: Node[] = [];
  for (const node of nodes.slice(at + 1)) {
    if (typeof node === 'object' && node.open === '[')
      return node.inner.length === 0 && type.length > 0 ? [...type, ''] : undefined;
    if (typeof node === 'string' && !isWord(node) && node !== '.' && !isSpace(node)) return undefined;
    type.push(node);
  }
  return undefined;
}

/** Whether it needs no brackets before a cast: a column, a literal or a call, itself cast or not. */
const isSimple = (element: readonly Node[]): boolean =>
  element.every((node) => typeof node === 'object' || /^([\p{L}\p{N}_'".]|::|\s)/u.test(node));

/** `((A OR B) OR C)` as `(A OR B OR C)`, likewise with AND. */
function flat(nodes: Node[]): Node[] {
  for (const connective of ['OR', 'AND'] as const) {
    const [first, ...rest] = operands(nodes, connective) ?? [];
    const [group, ...more] = solid(first ?? []);
    if (rest.length === 0 || typeof group !== 'object' || group.open !== '(' || more.length > 0) continue;
    if (operands(group.inner, connective) === undefined) continue;
    return nodes.flatMap((node) => (node === group ? group.inner : [node]));
  }
  return nodes;
}

/** What one connective alone joins; undefined where there is none, or something else than operands. */
function operands(nodes: readonly Node[], connective: 'OR' | 'AND'): Node[][] | undefined {
  const other = connective === 'OR' ? 'AND' : 'OR';
  if (!nodes.includes(connective) || nodes.includes(other) || nodes.includes(',')) return undefined;
  const [first] = solid(nodes);
  if (typeof first === 'string' && /^(SELECT|WITH|VALUES)$/.test(first)) return undefined;
  return split(nodes, [connective]);
}

/** The parts between separators, without the space around them. */
function split(nodes: readonly Node[], by: readonly string[]): Node[][] {
  const parts: Node[][] = [[]];
  for (const node of nodes) {
    if (typeof node === 'string' && by.includes(node)) parts.push([]);
    else parts.at(-1)?.push(node);
  }
  return parts.map((part) => {
    const from = part.findIndex((node) => !isSpace(node));
    const to = part.findLastIndex((node) => !isSpace(node));
    return from < 0 ? [] : part.slice(from, to + 1);
  });
}
