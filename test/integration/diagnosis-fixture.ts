import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, type QueryResult } from 'pg';
import { signsOfDatabase } from '../../src/probes/diagnosis/database.ts';
import { BoundedProbes } from '../../src/probes/diagnosis/bounded-probes.ts';
import type { Moved } from '../../src/probes/diagnosis/migration.ts';
import { withClient } from '../../src/postgres/connect.ts';
import type { SymptomName } from '../../src/domain/symptoms.ts';
import { toolOf } from '../../src/migrations/index.ts';
import { serviceDefinition, type ServiceDefinitionSource } from '../../src/domain/definition/service.ts';
import { directory, type Storage } from '../../src/storage/storage.ts';
import { definitionSource } from '../example-plan.ts';
import { postgresFixture, type PostgresFixture } from './postgres-fixture.ts';

type Diagnosis = Awaited<ReturnType<typeof signsOfDatabase>> & {
  notSeen: string[];
  /** What was seen of one symptom. */
  evidence: (symptom: SymptomName) => string[];
};

/** A database of its own in which symptoms are produced for real, and what `assess` sees of them. */
export interface DiagnosisFixture extends PostgresFixture {
  /** As the application. */
  sql(text: string): Promise<QueryResult>;
  /** As Alembic does by default: what a revision makes, and the revision, in one transaction. */
  migrate(revision: string, text: string): Promise<void>;
  /** Another session, called `pipeline`. */
  session(): Promise<Client>;
  storage: Storage;
  see(
    diagnosis?: ServiceDefinitionSource['diagnosis'],
    change?: Partial<Moved>,
    definition?: Partial<ServiceDefinitionSource>,
  ): Promise<Diagnosis>;
}

/** The database stands at revision 0004, stamped by hand. */
export async function diagnosisFixture(): Promise<DiagnosisFixture> {
  const base = await postgresFixture();
  const storage = directory(mkdtempSync(join(tmpdir(), 'diagnosis-')));
  const sessions: Client[] = [];
  const sql = (text: string) => withClient(base.url, {}, (client) => client.query(text));
  // The fixture makes everything in one transaction; here the revision stands before what follows.
  await sql(`UPDATE alembic_version SET version_num = '0004'`);
  return {
    ...base,
    storage,
    sql,
    migrate: async (revision, text) => {
      await sql(`BEGIN; ${text}; UPDATE alembic_version SET version_num = '${revision}'; COMMIT`);
    },
    session: async () => {
      const client = new Client({ connectionString: base.url, application_name: 'pipeline' });
      client.on('error', () => {});
      await client.connect();
      sessions.push(client);
      return client;
    },
    see: async (diagnosis = {}, change = {}, definition = {}) => {
      const service = serviceDefinition.parse({ ...definitionSource(), diagnosis, ...definition });
      const probes = new BoundedProbes(service.diagnosis.within, new AbortController().signal);
      const facts = { applicationUrl: base.url, server: base.name, name: base.name, now: base.name };
      const moved = { from: '0005', target: '0004', reverts: ['0005'], ...change };
      const asking = { operation: base.operation, service, tool: toolOf({}, service), storage };
      const found = await signsOfDatabase(asking, { facts, moved, image: 'radar:new' }, probes);
      const evidence = (symptom: SymptomName) =>
        found.signs.filter((sign) => sign.symptom === symptom).map((sign) => sign.evidence);
      return { ...found, notSeen: probes.notSeen, evidence };
    },
    remove: async () => {
      // By force first: a session that a failed test left waiting would never end by itself.
      await base.remove();
      await Promise.all(sessions.map((client) => client.end().catch(() => {})));
    },
  };
}
