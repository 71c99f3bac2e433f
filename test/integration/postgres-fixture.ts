import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { current, up, type Lab } from '../../lab/lab.ts';
import { withDatabase } from '../../src/postgres/connect.ts';
import { siblingName, type OperationId } from '../../src/domain/names.ts';

/** A database of its own, with the roles that Backstep is given: the owner, and an admin that is no superuser. */
export interface PostgresFixture {
  lab: Lab;
  operation: OperationId;
  name: string;
  fencedName: string;
  owner: string;
  /** As the application connects. */
  url: string;
  /** As Backstep connects: CREATEDB, pg_signal_backend, member of the owner; on database postgres. */
  adminUrl: string;
  superuserUrl: string;
  /** Runs SQL as superuser on a database. */
  asSuperuser(database: string, sql: string): Promise<void>;
  remove(): Promise<void>;
}

/** Objects of the kinds that a dump, a restore and a comparison of catalogs must carry. */
const schema = `
  CREATE TYPE mood AS ENUM ('bad', 'good');
  CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
  CREATE TABLE papers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title text NOT NULL,
    kind varchar(20) NOT NULL DEFAULT 'paper' CHECK (kind IN ('paper', 'preprint')),
    mood mood DEFAULT 'good',
    pages positive,
    words text GENERATED ALWAYS AS (lower(title)) STORED,
    embedding tools.vector(3));
  COMMENT ON TABLE papers IS 'with "quotes" and ''apostrophes''';
  CREATE INDEX papers_embedding ON papers USING hnsw (embedding tools.vector_l2_ops);
  CREATE INDEX papers_recent ON papers (lower(title)) WHERE kind <> 'preprint';
  CREATE TABLE "odd ""name""" (paper_id bigint REFERENCES papers ON DELETE CASCADE, "a column" text);
  CREATE TABLE nothing ();
  CREATE SCHEMA ledger;
  CREATE TABLE ledger.entries (at date NOT NULL, amount numeric(12, 2), note text) PARTITION BY RANGE (at);
  CREATE TABLE ledger.entries_2024 PARTITION OF ledger.entries FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
  CREATE TABLE ledger.entries_2025 PARTITION OF ledger.entries FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
  CREATE VIEW recent AS SELECT id, title FROM papers WHERE kind IN ('paper', 'preprint') AND pages > 3;
  CREATE FUNCTION shout(text) RETURNS text LANGUAGE plpgsql AS $$
  BEGIN
    -- A body may hold lines that look like a dump's:
    -- COPY public.papers (id) FROM stdin;
    RETURN upper($1) || '!';
  END $$;
  CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
  CREATE TRIGGER papers_touch BEFORE UPDATE ON papers FOR EACH ROW EXECUTE FUNCTION touch();
  CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
  INSERT INTO alembic_version VALUES ('0005');
  INSERT INTO papers (title, pages, embedding)
    SELECT format(E'Paper\\t%s\\nwith lines\\\\.', n), n, ARRAY[n, 1, 2]::tools.vector FROM generate_series(1, 2000) n;
  INSERT INTO "odd ""name""" SELECT id, CASE id % 3 WHEN 0 THEN NULL WHEN 1 THEN E'\\\\.' ELSE '' END FROM papers LIMIT 100;
  INSERT INTO nothing SELECT FROM generate_series(1, 7);
  INSERT INTO ledger.entries SELECT date '2024-06-01' + n, n, 'note' FROM generate_series(1, 400) n;
  SELECT lo_create(0), lo_from_bytea(0, 'large');
  ALTER TABLE papers ENABLE ROW LEVEL SECURITY;
  CREATE POLICY own ON papers USING (title <> 'hidden');
`;

export async function postgresFixture(): Promise<PostgresFixture> {
  const lab = (await current()) ?? (await up());
  const id = randomBytes(4).toString('hex');
  const operation: OperationId = `bs-${id}`;
  const name = `p "slice" ${id}`;
  const owner = `p_${id}_app`;
  const admin = `p_${id}_backstep`;
  const reader = `p_${id}_reader`;
  const password = randomBytes(9).toString('hex');
  const address = (role: string, database: string) =>
    withDatabase(`postgresql://${role}:${password}@${lab.postgres.host}:${lab.postgres.port}/x`, database);
  const asSuperuser = (database: string, sql: string) =>
    execute(withDatabase(lab.postgres.superuserUrl, database), sql);
  const quoted = `"${name.replaceAll('"', '""')}"`;
  for (const statement of [
    `CREATE ROLE ${owner} LOGIN PASSWORD '${password}'`,
    `CREATE ROLE ${admin} LOGIN CREATEDB PASSWORD '${password}'`,
    `CREATE ROLE ${reader} LOGIN PASSWORD '${password}'`,
    `GRANT ${owner}, pg_signal_backend TO ${admin}`,
    `CREATE DATABASE ${quoted} OWNER ${owner}`,
    `REVOKE TEMPORARY ON DATABASE ${quoted} FROM PUBLIC`,
    `GRANT CREATE ON DATABASE ${quoted} TO ${reader}`,
    `ALTER DATABASE ${quoted} SET search_path TO "$user", public, ledger`,
    `ALTER ROLE ${owner} IN DATABASE ${quoted} SET statement_timeout TO '10min'`,
    `COMMENT ON DATABASE ${quoted} IS 'a ''comment'''`,
  ]) {
    await asSuperuser('postgres', statement);
  }
  await asSuperuser(name, `CREATE SCHEMA tools AUTHORIZATION ${owner}; CREATE EXTENSION vector SCHEMA tools`);
  await execute(address(owner, name), `${schema}; GRANT SELECT ON papers TO ${reader}`);
  return {
    lab,
    operation,
    name,
    fencedName: siblingName(name, 'backstep', operation),
    owner,
    url: address(owner, name),
    adminUrl: address(admin, 'postgres'),
    superuserUrl: lab.postgres.superuserUrl,
    asSuperuser,
    remove: async () => {
      const client = new Client({ connectionString: lab.postgres.superuserUrl });
      await client.connect();
      const { rows } = await client.query<{ sql: string }>(
        `SELECT format('DROP DATABASE %I WITH (FORCE)', datname) AS sql FROM pg_database WHERE datname LIKE $1`,
        [`%${id}%`],
      );
      for (const { sql } of rows) await client.query(sql);
      await client.query(`DROP ROLE IF EXISTS ${owner}, ${admin}, ${reader}`);
      await client.end();
    },
  };
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
