import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDefinition } from '../../src/storage/definition-file.ts';
import { check, definitionsIn } from '../../src/storage/definitions.ts';

const valid = `service: radar
namespace: deeptech
database:
  url: { secret: app, key: URL }
  admin: { secret: admin, key: URL }
  tables: [papers]
migrations: { workload: api }
workloads:
  - { deployment: api, replicas: 2 }
cronJobs:
  - name: hourly
backup: { claim: backups }
escalation:
  path: [DBA]
`;

const messages = (text: string) => readDefinition('radar.yaml', text).faults.map(({ message }) => message);

describe('a definition file', () => {
  it('is read with its defaults and durations', () => {
    const { definition, faults, database } = readDefinition('radar.yaml', valid);
    expect(faults).toEqual([]);
    expect(database).toBe('deeptech/app/URL');
    expect(definition).toMatchObject({
      workloads: [{ readyWithin: 180_000 }],
      approvals: { base: { people: 2 } },
      writes: { quietFor: 10_000 },
    });
  });

  it('names every wrong, unknown, missing and doubled thing with its line', () => {
    const text = `service: radar
namespace: Deep_Tech
database:
  url: { secret: app }
  admin: { secret: admin, key: URL }
  tables: [papers, papers]
  tabels: []
migrations: { workload: api, timeout: soon, databaseUrl: { env: 1 } }
workloads:
  - { deployment: api, replicas: two }
  - deployment: api
    replicas: 2
cronJobs:
  - name: hourly
  - suspended: false
    name: hourly
cronJobs: []
escalation:
  path: []
`;
    expect(messages(text)).toEqual([
      'radar.yaml:1:1: backup: is missing',
      expect.stringMatching(/^radar\.yaml:2:1: namespace: must be lower-case/),
      'radar.yaml:4:3: database.url.key: is missing (string)',
      'radar.yaml:6:20: database.tables: "papers" is named twice',
      'radar.yaml:7:3: database: unknown key "tabels"',
      expect.stringMatching(/^radar\.yaml:8:30: migrations\.timeout: must be a number and a unit/),
      expect.stringMatching(/^radar\.yaml:8:45: migrations\.databaseUrl\.?.*/),
      expect.stringMatching(/^radar\.yaml:10:24: workloads\.0\.replicas: .*expected number/),
      'radar.yaml:11:5: workloads: "api" is named twice',
      'radar.yaml:16:5: cronJobs: "hourly" is named twice',
      expect.stringMatching(/^radar\.yaml:17:1: .*unique/),
      expect.stringMatching(/^radar\.yaml:19:3: escalation\.path: Too small/),
    ]);
  });

  it('names the migration tools and the providers that there are, where it names another one', () => {
    const text = valid
      .replace('{ workload: api }', '{ tool: flyway, workload: api }')
      .concat('pointInTime: { provider: heroku, instance: radar }\n');
    expect(messages(text)).toEqual([
      'radar.yaml:7:15: migrations.tool: must be alembic',
      'radar.yaml:15:16: pointInTime.provider: must be rds or cloud-sql or azure or pgbackrest',
    ]);
  });

  it('takes a bucket in place of a claim, with its Secrets by reference', () => {
    const credentials = 'accessKeyId: { secret: s3, key: ID }, secretAccessKey: { secret: s3, key: SECRET }';
    const backup = `{ s3: { bucket: dumps, prefix: a/b, credentials: { ${credentials} } }, format: directory, jobs: 4, compression: { method: zstd, level: 19 }, proof: restore, keepFor: 7d }`;
    const { definition, faults } = readDefinition(
      'radar.yaml',
      valid.replace('backup: { claim: backups }', `backup: ${backup}`),
    );
    expect(faults).toEqual([]);
    expect(definition?.backup).toMatchObject({
      s3: { bucket: 'dumps', region: 'us-east-1', forcePathStyle: false },
      keepFor: 604_800_000,
    });
  });

  it.each([
    ['{}', ['radar.yaml:12:1: backup: name either claim or s3']],
    ['{ claim: a, s3: { bucket: dumps } }', ['backup: name either claim or s3']],
    [
      '{ s3: { bucket: Dumps, prefix: /a, endpoint: ftp://x }, format: tar, jobs: 0 }',
      ['backup.s3.bucket', 'backup.s3.prefix', 'backup.s3.endpoint', 'backup.format', 'backup.jobs'],
    ],
    ['{ claim: a, compression: { method: lz4, level: 13 } }', ['must be 1 to 12 for lz4']],
    ['{ claim: a, compression: { method: none, level: 1 } }', ['none has no level']],
    ['{ compression: { method: none, level: 1 } }', ['none has no level', 'name either claim or s3']],
  ])('backup: %s is refused, every fault named', (backup, wanted) => {
    const found = messages(valid.replace('backup: { claim: backups }', `backup: ${backup}`)).join('\n');
    for (const words of wanted) expect(found).toContain(words);
  });

  it('names several syntax errors, and what is wrong beside them, but nothing as missing behind them', () => {
    const found = messages(`service: radar
namespace: UPPER
database:
  url: { secret: app, key: URL
workloads:
\t- deployment: api
escalation: "open
`);
    expect(found.length).toBeGreaterThanOrEqual(3);
    expect(found.every((message) => /^radar\.yaml:\d+:\d+: /.test(message))).toBe(true);
    expect(found).toContainEqual(expect.stringMatching(/^radar\.yaml:2:1: namespace/));
    expect(found).not.toContainEqual(expect.stringMatching(/is missing/));
  });

  it.each([
    ['', 'radar.yaml:1:1: must be a mapping'],
    ['- service: radar\n', 'radar.yaml:1:1: must be a mapping'],
    ['service: radar\n---\nservice: other\n', 'radar.yaml:2:1: '],
    ['service: !!js/function "x"\n', 'radar.yaml:1:10: Unresolved tag'],
  ])('%j is refused', (text, message) => {
    expect(messages(text)).toContainEqual(expect.stringContaining(message));
  });

  it('follows an alias to the place of a fault, and refuses one that grows without bound', () => {
    expect(
      messages(
        valid
          .replace('{ secret: app, key: URL }', '&u { secret: A_B, key: URL }')
          .replace('{ secret: admin, key: URL }', '*u'),
      ),
    ).toEqual([
      expect.stringMatching(/^radar\.yaml:4:\d+: database\.url\.secret: must be/),
      expect.stringMatching(/^radar\.yaml:\d:\d+: database\.admin\.secret: must be/),
    ]);
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
    for (const [from, to] of ['ab', 'bc', 'cd', 'de', 'ef']) {
      bomb.push(`${to}: &${to} [${Array.from({ length: 10 }, () => `*${from}`).join(', ')}]`);
    }
    expect(messages(bomb.join('\n'))).toEqual([expect.stringMatching(/^radar\.yaml:1:1: .*alias/)]);
  });

  it('longer than 256 KB is not even parsed', () => {
    expect(messages(`# ${'x'.repeat(300_000)}`)).toEqual(['radar.yaml: is longer than 256 KB']);
  });
});

describe('a directory of definitions', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'definitions-'));
  });
  afterEach(() => rm(directory, { recursive: true }));
  const put = (name: string, text: string) => writeFile(join(directory, name), text);
  const faultsOf = async (service: string) => {
    const loaded = await definitionsIn(directory).load(service);
    return 'faults' in loaded ? loaded.faults : [];
  };

  it('says which services exist where one does not', async () => {
    await put('radar.yaml', valid);
    await put('optuna.yml', valid);
    await put('service.schema.json', '{}');
    expect(await definitionsIn(directory).list()).toEqual(['optuna', 'radar']);
    expect(await faultsOf('rader')).toEqual([
      {
        type: 'InvalidRequest',
        message: `no service "rader" is defined in ${directory}; there are: optuna, radar`,
        next: expect.any(String),
      },
    ]);
  });

  it('refuses two definitions of one database, both named, even where the other has faults', async () => {
    await put('radar.yaml', valid);
    await put(
      'other.yaml',
      valid.replace('service: radar', 'service: other').replace('replicas: 2', 'replicas: x'),
    );
    const [radar, other] = [await faultsOf('radar'), await faultsOf('other')];
    expect(radar.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /radar\.yaml: has the same database as .*other\.yaml \(key URL of Secret app in namespace deeptech\)/,
      ),
    ]);
    expect(other.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/same database as .*radar\.yaml/),
    );
  });

  it('lets two services of one namespace have a database each', async () => {
    await put('radar.yaml', valid);
    await put(
      'other.yaml',
      valid.replace('service: radar', 'service: other').replace('secret: app', 'secret: app2'),
    );
    expect(await faultsOf('radar')).toEqual([]);
    expect(await definitionsIn(directory).load('other')).toMatchObject({ definition: { service: 'other' } });
  });

  it('refuses a file named otherwise than its service, and one service in two files', async () => {
    await put('radar.yaml', valid.replace('service: radar', 'service: other'));
    expect(await faultsOf('radar')).toMatchObject([
      { message: expect.stringMatching(/call it other\.yaml/) },
    ]);
    await put('radar.yml', valid);
    expect(await faultsOf('radar')).toContainEqual(
      expect.objectContaining({ message: expect.stringMatching(/is defined in .*radar\.yml too/) }),
    );
  });

  it('that does not exist is a fault, not an exception', async () => {
    const loaded = await definitionsIn(join(directory, 'none')).load('radar');
    expect(loaded).toMatchObject({
      faults: [{ type: 'InvalidDefinition', message: expect.stringMatching(/none cannot be read: ENOENT/) }],
    });
  });
});

describe('the definitions of this repository', () => {
  it('are valid', async () => {
    const files = (await readdir('services'))
      .filter((file) => file.endsWith('.yaml'))
      .map((file) => join('services', file));
    const checked = await check(files);
    expect([...checked.values()].flatMap(({ faults }) => faults)).toEqual([]);
    expect(files.length).toBeGreaterThan(0);
  });

  it('say for DeepTech Radar what the runbook says, in its order', async () => {
    const { definition } = readDefinition('x', await readFile('services/deeptech-radar.yaml', 'utf8'));
    expect(definition).toMatchObject({
      workloads: [
        {
          deployment: 'deeptech-api',
          replicas: 2,
          readyWithin: 180_000,
          health: { port: 8000, path: '/health' },
        },
      ],
      database: {
        tables: ['papers', 'repositories', 'paper_repo_links', 'opportunities'],
        extensions: ['vector'],
      },
      escalation: { attempts: 2, downFor: 7_200_000 },
    });
    expect(definition?.cronJobs.map(({ name, suspended }) => [name, suspended])).toEqual([
      ['arxiv-hourly', false],
      ['github-hourly', false],
      ['linking-daily', false],
      ['scoring-daily', false],
      ['opportunities-daily', false],
    ]);
    expect(definition?.escalation.path).toHaveLength(4);
    expect(definition?.relatedRunbooks.map(({ url }) => url)).toEqual([
      './WORKER_FAILURE.md',
      './API_INCIDENT_RESPONSE.md',
    ]);
  });
});
