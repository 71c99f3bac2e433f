/**
 * A PostgreSQL URL taken apart without touching what is not asked for: applications hand it to SQLAlchemy,
 * libpq and node-postgres, which differ in the schemes and parameters that they take.
 */
interface Url {
  /** With SQLAlchemy's driver, if any: `postgresql+psycopg`. */
  scheme: string;
  user: string;
  password: string | undefined;
  host: string;
  database: string;
  query: string;
}

/** Without spaces in the credentials: what reads a URL out of a line of text (`redact`) could not find their end. */
const shape =
  /^(?<scheme>postgres(?:ql)?(?:\+\w+)?):\/\/(?:(?<user>[^\s:@/]*)(?::(?<password>\S*))?@)?(?<host>[^@/?#]*)(?:\/(?<database>[^?#]*))?(?:\?(?<query>[^#]*))?$/;

/** Parameters of libpq that say how to connect; those of SQLAlchemy and its drivers would be refused. */
const variables: Record<string, string> = {
  host: 'PGHOST',
  port: 'PGPORT',
  user: 'PGUSER',
  password: 'PGPASSWORD',
  dbname: 'PGDATABASE',
  sslmode: 'PGSSLMODE',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  sslnegotiation: 'PGSSLNEGOTIATION',
  channel_binding: 'PGCHANNELBINDING',
  gssencmode: 'PGGSSENCMODE',
  target_session_attrs: 'PGTARGETSESSIONATTRS',
  options: 'PGOPTIONS',
};

/** @throws TypeError, without the text, which may hold a password. */
function parse(url: string): Url {
  const parts = shape.exec(url.trim())?.groups;
  if (parts === undefined)
    throw new TypeError('the value is no PostgreSQL URL (postgresql://user:password@host/database)');
  const { scheme = '', user = '', password, host = '', database = '', query = '' } = parts;
  return { scheme, user, password, host, database, query };
}

function written({ scheme, user, password, host, database, query }: Url): string {
  const credentials =
    user === '' && password === undefined ? '' : `${user}${password === undefined ? '' : `:${password}`}@`;
  return `${scheme}://${credentials}${host}/${database}${query === '' ? '' : `?${query}`}`;
}

/** The URL with another database; everything else, SQLAlchemy's driver included, stays as it was written. */
export function withDatabase(url: string, database: string): string {
  return written({ ...parse(url), database: encodeURIComponent(database) });
}

const defaultPort = 5432;

/**
 * The one server to which a URL leads.
 *
 * @throws TypeError where it names several, none, or one elsewhere than between `@` and `/`
 */
export function serverIn(url: string): { host: string; port: number } {
  const { host: written, query } = parse(url);
  const { host, port } = /^(?<host>\[[^\]]+\]|[^:,]+)(?::(?<port>\d+))?$/.exec(written)?.groups ?? {};
  const elsewhere = new URLSearchParams(query);
  if (host === undefined || ['host', 'hostaddr', 'port'].some((name) => elsewhere.has(name)))
    throw new TypeError('the URL does not name one host and port in the ordinary place');
  return {
    host: decodeURIComponent(host).replace(/^\[(.*)\]$/, '$1'),
    port: port === undefined ? defaultPort : Number(port),
  };
}

/** The URL on another server; everything else stays as it was written. */
export function withServer(url: string, { host, port }: { host: string; port: number }): string {
  const name = host.includes(':') ? `[${host}]` : encodeURIComponent(host);
  return written({ ...parse(url), host: port === defaultPort ? name : `${name}:${port}` });
}

/** Role and database that a URL names; libpq's defaults where it names none. */
export function namesOf(url: string): { role: string; database: string } {
  const { user, database } = parse(url);
  const role = decodeURIComponent(user);
  return { role, database: decodeURIComponent(database) || role };
}

/** The URL as node-postgres reads it: without SQLAlchemy's driver and parameters, sslmode as libpq means it. */
export function nodeUrl(url: string): string {
  const parts = parse(url);
  const query = new URLSearchParams(
    [...new URLSearchParams(parts.query)].filter(([name]) => name in variables),
  );
  // By itself node-postgres takes `require` for `verify-full`.
  if (query.has('sslmode')) query.set('uselibpqcompat', 'true');
  return written({ ...parts, scheme: 'postgresql', query: query.toString() });
}

/**
 * The URL as environment variables of libpq, so that no password is an argument of a program, where every
 * process of the node could read it.
 */
export function libpqEnvironment(url: string): Record<string, string> {
  const parts = parse(url);
  const { address, port } = /^(?<address>\[[^\]]*\]|[^:]*)(?::(?<port>\d+))?$/.exec(parts.host)?.groups ?? {};
  const values: Record<string, string | undefined> = {
    PGHOST: decodeURIComponent(address ?? parts.host).replace(/^\[(.*)\]$/, '$1'),
    PGPORT: port,
    PGUSER: decodeURIComponent(parts.user),
    PGPASSWORD: parts.password === undefined ? undefined : decodeURIComponent(parts.password),
    PGDATABASE: namesOf(url).database,
  };
  for (const [name, value] of new URLSearchParams(parts.query)) {
    const variable = variables[name];
    if (variable !== undefined) values[variable] = value;
  }
  const given = Object.entries(values).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return Object.fromEntries(given);
}
