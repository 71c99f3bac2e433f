"""What a rehearsal wants to know of the migrations: their locks and commits, and what they read.

Locks are read in the migration's own transaction just before it commits: nothing is missed there, however short.
A statement that commits by itself gives its locks back at once; those are seen from outside, by polling.
"""


class Observed:
    def __init__(self):
        self.on = False
        self.steps = []
        self.step = None
        self.locks = set()
        self.transactions = []
        self.reads = set()

    def told(self):
        ran = {step["file"]: step for step in self.steps}
        for path, key in self.reads:
            if path in ran and key not in ran[path]["environment"]:
                ran[path]["environment"].append(key)
        kept = ("revision", "statements", "sql", "commits", "empty", "environment")
        return {
            "steps": [{key: step[key] for key in kept} for step in self.steps],
            "transactions": self.transactions,
            "locks": sorted(self.locks)[:400],
        }


observed = Observed()


def observe(sqlalchemy):
    """Listens from now on; what is seen counts while `observed.on`."""
    from alembic.runtime.migration import RevisionStep

    sqlalchemy.event.listen(sqlalchemy.engine.Engine, "commit", before_commit)
    sqlalchemy.event.listen(sqlalchemy.engine.Engine, "after_cursor_execute", after_statement)
    made = RevisionStep.__init__

    def making(self, *args, **named):
        made(self, *args, **named)
        self.migration_fn = noted(self.revision, self.migration_fn)

    RevisionStep.__init__ = making
    watch_environment()


def noted(revision, migration):
    # Alembic logs the function's name.
    @functools.wraps(migration)
    def run(*args, **named):
        observed.step = {
            "revision": revision.revision,
            "file": os.path.abspath(revision.path),
            "statements": 0,
            "sql": [],
            "commits": [],
            "empty": is_empty(getattr(revision.module, "upgrade", None)),
            "environment": [],
        }
        observed.steps.append(observed.step)
        try:
            return migration(*args, **named)
        finally:
            observed.step = None

    return run


def is_empty(function):
    """Whether it is no more than `pass`: a merge of two branches, say."""
    code = getattr(function, "__code__", None)
    return code is not None and code.co_code == (lambda: None).__code__.co_code and code.co_names == ()


locks_sql = """
SELECT l.relation::bigint, l.mode, c.relkind::text,
       CASE n.nspname WHEN 'public' THEN c.relname::text ELSE n.nspname || '.' || c.relname END
FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_class c ON c.oid = l.relation
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.relation >= 16384 AND l.granted
"""


def before_commit(connection):
    if not observed.on:
        return
    try:
        cursor = connection.connection.cursor()
        cursor.execute("SELECT pg_catalog.txid_current_if_assigned() IS NOT NULL")
        changes = cursor.fetchone()[0]
        cursor.execute(locks_sql)
        for relation, mode, kind, name in cursor.fetchall():
            observed.locks.add((relation, mode, kind or "", name or ""))
        cursor.close()
    except Exception as error:
        sys.stderr.write("backstep: locks could not be read: %s\n" % without_secrets(str(error)))
        return
    if not changes:
        return
    observed.transactions.append(observed.steps[-1]["revision"] if observed.steps else "")
    if observed.step is not None:
        observed.step["commits"].append("COMMIT")


# Of each migration: enough to see what it does, little enough for a log line.
most_sql, longest_sql = 60, 1200


def after_statement(connection, _cursor, statement, _parameters, _context, _many):
    step = observed.step
    if step is None:
        return
    step["statements"] += 1
    if re.match(r"\s*(SELECT|SET|SHOW|RESET|BEGIN|START)\b", statement, re.I):
        return
    if len(step["sql"]) < most_sql:
        step["sql"].append(without_secrets(statement).strip()[:longest_sql])
    if commits_by_itself(connection):
        step["commits"].append(" ".join(without_secrets(statement).split())[:120])


def commits_by_itself(connection):
    """After the statement: whether no transaction is open. Asked of the driver, since SQLAlchemy believes in one."""
    proxied = connection.connection
    raw = getattr(proxied, "driver_connection", None) or getattr(proxied, "dbapi_connection", proxied)
    status = getattr(getattr(raw, "info", None), "transaction_status", None)
    if status is not None:
        return int(status) == 0
    return getattr(getattr(proxied, "dbapi_connection", proxied), "autocommit", False) is True


libraries = {"__main__", "alembic", "sqlalchemy", "psycopg", "psycopg2", "psycopg_pool", "asyncpg", "pg8000"}


def watch_environment():
    kind = type(os.environ)
    lookup = kind.__getitem__

    def noticing(self, key):
        if observed.on and self is os.environ:
            notice(key, sys._getframe(1))
        return lookup(self, key)

    kind.__getitem__ = noticing


def notice(key, frame):
    if key == request["databaseUrl"].get("env"):
        return
    while frame is not None and frame.f_globals.get("__name__") in ("os", "_collections_abc", "collections.abc"):
        frame = frame.f_back
    if frame is None:
        return
    path = os.path.abspath(frame.f_code.co_filename)
    if observed.step is None:
        observed.reads.add((path, key))
        return
    name = str(frame.f_globals.get("__name__")).split(".")[0]
    known = name in libraries or name in getattr(sys, "stdlib_module_names", ())
    if not known and key not in observed.step["environment"]:
        observed.step["environment"].append(key)
