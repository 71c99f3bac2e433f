import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { environment as gatewayEnvironment } from '../src/gateway/settings.ts';
import { serviceDefinition } from '../src/domain/definition/service.ts';
import { environment as workerEnvironment } from '../src/worker/settings.ts';

/** What of a JSON Schema is told. */
interface Schema {
  type?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  const?: string | number | boolean;
  pattern?: string;
  format?: string;
  minimum?: number;
  maximum?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: Schema | boolean;
  anyOf?: Schema[];
  oneOf?: Schema[];
}

interface Row {
  key: string;
  /** Of a value that has several forms: the one to which it belongs, as `provider: rds`. */
  form?: string;
  value: string;
  otherwise: string;
  what: string;
}

export const configurationFile = fileURLToPath(new URL('../docs/configuration.md', import.meta.url));

const code = (text: string) => `\`${text}\``;
const cell = (text: string) =>
  text
    .replaceAll('|', String.raw`\|`)
    .replaceAll(/\s+/g, ' ')
    .trim();
/** Larger than any value that people write. */
const unbounded = Number.MAX_SAFE_INTEGER;

const patterns: [RegExp, string][] = [
  [/^\^\\d\+\(ms/, 'duration'],
  [/^\^\[a-z0-9\]\(\[-a-z0-9\]/, 'name'],
];

/** `{ secret, key }`, as everywhere in the definition. */
const isReference = ({ properties = {} }: Schema) => Object.keys(properties).join() === 'secret,key';

function range({ minimum, maximum }: Schema): string {
  const most = maximum === unbounded ? undefined : maximum;
  if (minimum === undefined && most === undefined) return 'number';
  if (most === undefined) return `number, at least ${minimum}`;
  return `number, ${minimum ?? 0} to ${most}`;
}

function valueOf(schema: Schema): string {
  if (schema.const !== undefined) return code(String(schema.const));
  if (schema.enum) return schema.enum.map((one) => code(String(one))).join(', ');
  if (isReference(schema)) return '`{ secret, key }`';
  const either = schema.anyOf ?? schema.oneOf;
  if (either) return [...new Set(either.map(valueOf))].join(' or ');
  if (schema.type === 'array') return `list of ${schema.items ? valueOf(schema.items) : 'anything'}`;
  if (schema.type === 'object') return schema.properties ? 'keys below' : 'names with values';
  if (schema.type === 'boolean') return '`true`, `false`';
  if (schema.type === 'integer' || schema.type === 'number') return range(schema);
  const [, known] = patterns.find(([pattern]) => pattern.test(schema.pattern ?? '')) ?? [];
  return known ?? (schema.format === 'uri' ? 'URL' : 'text');
}

const otherwise = (schema: Schema, needed: boolean): string => {
  if (needed && schema.default === undefined) return 'needed';
  if (schema.default === undefined) return schema.type === 'array' ? 'none' : '–';
  const shown = typeof schema.default === 'string' ? schema.default : JSON.stringify(schema.default);
  if (shown === '{}') return '–';
  return shown === '[]' ? 'none' : code(shown);
};

/** The constant by which the forms of a value are told apart, as `channel: slack`. */
function formOf({ properties = {} }: Schema): string {
  const [name, found] = Object.entries(properties).find(([, each]) => each.const !== undefined) ?? [];
  return found === undefined ? '' : `${name}: ${String(found.const)}`;
}

/** Everything below a key, a row each; forms of a value one after the other. */
function below(path: string, schema: Schema): Row[] {
  const forms = (schema.anyOf ?? schema.oneOf ?? []).filter(({ properties }) => properties !== undefined);
  if (forms.length > 0)
    return forms.flatMap((form) => {
      // The only form there is needs no name.
      const name = forms.length === 1 ? '' : formOf(form);
      const rows = below(path, form);
      if (name === '') return rows;
      // What tells the forms apart stands in the heading.
      return rows
        .filter(({ value }) => value !== code(name.split(': ')[1] ?? ''))
        .map((row) => ({ ...row, form: name }));
    });
  if (schema.type === 'array' && schema.items) return below(`${path}[]`, schema.items);
  if (typeof schema.additionalProperties === 'object')
    return below(`${path}.<name>`, schema.additionalProperties);
  if (schema.properties === undefined || isReference(schema)) return [];
  return rowsOf(schema, path);
}

function rowsOf({ properties = {}, required = [] }: Schema, path = ''): Row[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const key = path === '' ? name : `${path}.${name}`;
    const row = {
      key,
      value: valueOf(schema),
      otherwise: otherwise(schema, required.includes(name)),
      what: schema.description ?? '',
    };
    return [row, ...below(key, schema)];
  });
}

/** Keys of a definition about which the schema says nothing. */
export const unexplained = (): string[] =>
  definitionRows()
    .filter(({ what, value }) => what === '' && !/^`[^`{]+`$/.test(value))
    .map(({ key }) => key);

const inputOf = (schema: z.ZodType) => z.toJSONSchema(schema, { io: 'input' }) as Schema;

function definitionRows(): Row[] {
  const { $schema: _, ...properties } = inputOf(serviceDefinition).properties ?? {};
  const { required = [] } = inputOf(serviceDefinition);
  return rowsOf({ properties, required });
}

const table = (head: string, rows: Row[]): string[] => [
  `| ${head} | value | default | what for |`,
  '|---|---|---|---|',
  ...rows.map(({ key, value, otherwise: instead, what }) =>
    ['', code(key), value, instead, what, ''].map(cell).join(' | ').trim(),
  ),
];

const variables = (schema: z.ZodType) => table('variable', rowsOf(inputOf(schema)));

const commandLine: Row[] = [
  ['BACKSTEP_SERVICES', 'text', '`services`', 'Directory of the definitions, for `validate` and completion'],
  [
    'BACKSTEP_GATEWAY_URL',
    'URL',
    '–',
    'Gateway to which `rollback`, `approve`, `reject`, `decide`, `acknowledge` and `status` go',
  ],
  ['BACKSTEP_GATEWAY_TOKEN', 'text', '–', 'Your own token for the gateway'],
  ['NO_COLOR', 'anything', '–', 'No colours on the terminal'],
].map(([key = '', value = '', instead = '', what = '']) => ({ key, value, otherwise: instead, what }));

/** With the way to the section that tells what is below it. */
const linked = (row: Row, nested: readonly Row[]): Row =>
  nested.includes(row)
    ? { ...row, value: row.value.replace(/keys below( or keys below)*/, `[keys](#${row.key.toLowerCase()})`) }
    : row;

const top = (key: string) => key.split(/[.[(]/)[0] ?? key;

/** A table, or one for each form of the value under a heading of its own. */
function section(rows: Row[]): string[] {
  const forms = [...new Set(rows.flatMap(({ form }) => form ?? []))];
  const common = rows.filter(({ form }) => form === undefined);
  return [
    ...(common.length > 0 || forms.length === 0 ? table('key', common) : []),
    ...forms.flatMap((form, index) => [
      ...(index === 0 && common.length === 0 ? [] : ['']),
      `#### \`${form}\``,
      '',
      ...table(
        'key',
        rows.filter((row) => row.form === form),
      ),
    ]),
  ];
}

/** Rows of the definition, a section for each key that has something below it. */
function definition(): string[] {
  const rows = definitionRows();
  const first = rows.filter(({ key }) => key === top(key));
  const nested = first.filter(({ key }) => rows.some((row) => row.key !== key && top(row.key) === key));
  return [
    ...table(
      'key',
      first.map((row) => linked(row, nested)),
    ),
    ...nested.flatMap(({ key, what }) => [
      '',
      `### ${key}`,
      '',
      ...(what === '' ? [] : [`${what}.`, '']),
      ...section(rows.filter((row) => row.key !== key && top(row.key) === key)),
    ]),
  ];
}

/** The reference, made from the schemas that check what is configured. */
export const configurationText = (): string =>
  [
    '# Configuration',
    '',
    '<!-- Made by `npm run build` from the schemas; change those, not this. -->',
    '',
    'Backstep reads one service definition for each service, and the environment. Everything is checked before anything is touched, and every fault is named: definitions by `backstep validate`, the environment at the start of worker and gateway.',
    '',
    '## Service definition',
    '',
    'One YAML file for each service, in the directory `BACKSTEP_SERVICES`. It is read when an operation starts; a change counts from the next start. Unknown keys are refused. [`deeptech-radar.yaml`](../services/deeptech-radar.yaml) is a complete example; editors complete it by [`service.schema.json`](../services/service.schema.json).',
    '',
    '- **value** `{ secret, key }`: a Kubernetes Secret in the namespace of the service, and a key in it. No secret is in a definition. **duration**: a number and a unit, `500ms`, `180s`, `10m`, `2h`, `7d`.',
    '- **default** *needed*: the key has no default. *none*: an empty list. –: without the key it is off, or what the last column says.',
    '',
    ...definition(),
    '',
    '## Worker',
    '',
    "In addition: Temporal's own client settings (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_PROFILE`, … or its TOML file) and `KUBECONFIG`.",
    '',
    ...variables(workerEnvironment),
    '',
    '## Gateway',
    '',
    "In addition: Temporal's own client settings.",
    '',
    ...variables(gatewayEnvironment),
    '',
    '## Command line',
    '',
    "In addition: Temporal's own client settings. [Options](cli.md) take precedence.",
    '',
    ...table('variable', commandLine),
    '',
  ].join('\n');

export const writeConfiguration = () => writeFile(configurationFile, configurationText());
