"""Runs inside the application's own image, as `python3 -c`, and speaks to Alembic through its own API.

The request is JSON in BACKSTEP_REQUEST. The answer is one line, BACKSTEP-RESULT or BACKSTEP-FAILURE followed
by JSON; whatever env.py and the migrations print stays beside it. Nothing but Alembic and what Alembic needs
is imported, so that it runs wherever `alembic` does.

Modes: `inspect` reads the history, and the revision that env.py sees; `migrate` moves the database to one
explicit revision; `build` upgrades an empty database to a revision.
"""

import json
import logging
import os
import re
import sys
import time
import traceback
from urllib.parse import quote

# Kept apart from sys.stdout, which env.py may replace or close.
protocol = os.dup(1)
# A directory named alembic beside alembic.ini would otherwise be imported in place of the package.
sys.path[:] = [entry for entry in sys.path if entry not in ("", os.getcwd())]

request = json.loads(os.environ["BACKSTEP_REQUEST"])
secrets = set()


class Failure(Exception):
    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


def say(prefix, value):
    sys.stdout.flush()
    line = "\n" + prefix + " " + json.dumps(value) + "\n"
    data = line.encode()
    while data:
        data = data[os.write(protocol, data) :]


def without_secrets(text):
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return re.sub(r"(\w://)[^\s/@'\"]*@", r"\1***@", text)


def reason(error):
    """The migration's own file and line, and the last lines of the error."""
    frames = traceback.extract_tb(error.__traceback__)
    frames = [frame for frame in frames if os.path.basename(os.path.dirname(frame.filename)) == "versions"]
    where = "%s:%s: " % (os.path.basename(frames[-1].filename), frames[-1].lineno) if frames else ""
    said = "".join(traceback.format_exception_only(type(error), error)).strip()
    said = re.sub(r"\n?\(Background on this error at: \S+\)", "", said)
    return without_secrets(where + said)[-1800:]


def modules():
    try:
        import alembic
        import sqlalchemy
    except ImportError as error:
        raise Failure("AlembicMissing", "%s cannot import Alembic: %s" % (sys.executable, error))
    sys.path.insert(0, os.getcwd())
    sqlalchemy.event.listen(sqlalchemy.engine.Engine, "connect", be_known)
    return alembic, sqlalchemy


def be_known(connection, _record):
    """Names every session, those of env.py too: while writes are stopped, sessions of others are ended."""
    try:
        cursor = connection.cursor()
        cursor.execute("SET application_name = '%s'" % request["application"])
        cursor.close()
        connection.commit()
    except Exception:
        connection.rollback()


def database_url():
    source = request["databaseUrl"]
    if "env" in source:
        url = os.environ.get(source["env"], "")
        if not url:
            raise Failure("AlembicBroken", "%s is not set in the container" % source["env"])
    else:
        try:
            with open(source["file"]) as file:
                url = file.read().strip()
        except OSError as error:
            raise Failure("AlembicBroken", "cannot read %s: %s" % (source["file"], error.strerror))
    password = re.search(r"://[^/@:]*:([^@]*)@", url)
    secrets.update(filter(None, [url, password and password.group(1)]))
    return url


def configuration():
    """Alembic's configuration as `alembic` itself finds it, with the definition's options on top."""
    from alembic.config import Config

    path = request.get("config")
    if path is None and not request.get("scriptLocation"):
        path = "alembic.ini"
        if not os.path.exists(path) and os.path.exists("pyproject.toml"):
            config = Config(toml_file="pyproject.toml")
            path = None
        else:
            config = Config(path)
    else:
        config = Config(path) if path else Config()
    if path is not None and not os.path.exists(path):
        raise Failure("AlembicBroken", "there is no %s in %s" % (path, os.getcwd()))
    options = dict(request.get("options", {}))
    if request.get("scriptLocation"):
        options["script_location"] = request["scriptLocation"]
    if request.get("setUrlOption"):
        options["sqlalchemy.url"] = database_url()
    for name, value in options.items():
        config.set_main_option(name, value.replace("%", "%%"))
    if config.config_file_name is None:
        # Without a file that configures logging, some env.py ask for one, and nothing says what is being run.
        logging.basicConfig(stream=sys.stderr, format="%(levelname)s [%(name)s] %(message)s")
        logging.getLogger("alembic").setLevel(logging.INFO)
    return config


def script_directory(config):
    from alembic.script import ScriptDirectory

    try:
        script = ScriptDirectory.from_config(config)
        script.get_heads()
        return script
    except Exception as error:
        raise Failure("AlembicBroken", "the migrations cannot be read: " + reason(error))


def history(script):
    listed = []
    for revision in script.walk_revisions():
        parents = revision.down_revision or ()
        parents = [parents] if isinstance(parents, str) else list(parents)
        standing_on = getattr(revision, "_all_down_revisions", parents)
        listed.append(
            {
                "revision": revision.revision,
                "parents": parents,
                "dependencies": [other for other in standing_on if other not in parents],
                "message": (revision.doc or "").split("\n")[0][:200],
                "path": re.sub("^" + re.escape(os.getcwd()) + "/", "", revision.path),
            }
        )
    return listed


def seen_by_env(config, script):
    """The revisions that env.py finds: proves that it reaches the database it will migrate."""
    from alembic.runtime.environment import EnvironmentContext

    seen = []

    def look(revisions, _context):
        seen.extend([revisions] if isinstance(revisions, str) else revisions or ())
        return []

    with EnvironmentContext(config, script, fn=look, dont_mutate=True):
        script.run_env()
    return sorted(set(seen))


class Session:
    """One session of this program's own, outside any transaction; it holds the lock while env.py migrates."""

    def __init__(self, sqlalchemy, url):
        url = re.sub(r"^postgres(ql)?(?=[:+])", "postgresql", url)
        self.sqlalchemy, self.loop = sqlalchemy, None
        drivers = [None, "psycopg", "psycopg2", "pg8000", "asyncpg"]
        for driver in drivers:
            named = sqlalchemy.engine.make_url(url)
            if driver is not None:
                named = named.set(drivername="postgresql+" + driver)
            try:
                self.open(named)
                return
            except (ImportError, sqlalchemy.exc.NoSuchModuleError) as error:
                missing = error
        raise Failure("AlembicBroken", "the image has no PostgreSQL driver: %s" % missing)

    def open(self, url):
        options = {"isolation_level": "AUTOCOMMIT", "poolclass": self.sqlalchemy.pool.NullPool}
        if getattr(url.get_dialect(), "is_async", False):
            import asyncio
            from sqlalchemy.ext.asyncio import create_async_engine

            # Never running while env.py does, so that an asynchronous env.py may run a loop of its own.
            self.loop = asyncio.new_event_loop()
            self.connection = self.loop.run_until_complete(
                create_async_engine(url, **options).connect().start()
            )
        else:
            self.connection = self.sqlalchemy.create_engine(url, **options).connect()

    def run(self, use):
        if self.loop is None:
            return use(self.connection)
        return self.loop.run_until_complete(self.connection.run_sync(use))

    def value(self, sql):
        return self.run(lambda connection: connection.execute(self.sqlalchemy.text(sql)).scalar())

    def lock(self, seconds):
        """Advisory locks belong to one database: no name is needed in the key."""
        until = time.monotonic() + seconds
        while not self.value("SELECT pg_try_advisory_lock(hashtext('backstep'), hashtext('migrate'))"):
            if time.monotonic() > until:
                raise Failure("DowngradeFailed", "another migration by Backstep holds the lock on this database")
            time.sleep(0.25)

    def revisions(self):
        from alembic.runtime.migration import MigrationContext

        schema, _, table = request["versionTable"].rpartition(".")
        options = {"version_table": table}
        if schema:
            options["version_table_schema"] = schema
        return self.run(
            lambda connection: sorted(
                set(MigrationContext.configure(connection, opts=options).get_current_heads())
            )
        )


def inspect(alembic, _sqlalchemy):
    config = configuration()
    script = script_directory(config)
    answer = {"alembic": alembic.__version__, "heads": sorted(script.get_heads()), "history": history(script)}
    if not request.get("current"):
        return answer
    try:
        database_url()
        answer["current"] = seen_by_env(config, script)
    except Failure as error:
        answer["currentError"] = str(error)
    except Exception as error:
        answer["currentError"] = reason(error)
    return answer


def move(sqlalchemy, direction, begin):
    """Moves to `target` under the lock, from `begin` only; run twice, it moves once."""
    from alembic import command

    target = request["target"]
    url = database_url()
    config = configuration()
    script = script_directory(config)
    wanted = [] if target == "base" else [target]
    for revision in {*wanted, *begin}:
        try:
            script.get_revision(revision)
        except Exception as error:
            raise Failure("AlembicBroken", "this image does not hold revision %s: %s" % (revision, error))
    try:
        session = Session(sqlalchemy, url)
    except Failure:
        raise
    except Exception as error:
        raise Failure("JobFailed", "the database cannot be reached from the image: " + reason(error))
    session.lock(request.get("lockSeconds", 60))
    before = session.revisions()
    started = time.monotonic()
    if before == wanted:
        return {"from": before, "to": before, "moved": False, "seconds": 0}
    if before != begin:
        words = "the database is at %s, not at %s" % (names(before), names(begin))
        raise Failure("DowngradeUnclear", words)
    try:
        getattr(command, direction)(config, target)
    except BaseException as error:
        traceback_text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        sys.stderr.write(without_secrets(traceback_text))
        raise Failure("DowngradeFailed", "%s; the database is at %s" % (reason(error), names(session.revisions())))
    after = session.revisions()
    if after != wanted:
        words = "Alembic reported success, but the database is at %s; does env.py migrate another one?" % names(after)
        raise Failure("DowngradeUnclear", words)
    return {"from": before, "to": after, "moved": True, "seconds": round(time.monotonic() - started, 3)}


def names(revisions):
    return ", ".join(revisions) or "base"


modes = {
    "inspect": inspect,
    "migrate": lambda _alembic, sqlalchemy: move(sqlalchemy, "downgrade", [request["from"]]),
    "build": lambda _alembic, sqlalchemy: move(sqlalchemy, "upgrade", []),
}


def main():
    try:
        alembic, sqlalchemy = modules()
        say("BACKSTEP-RESULT", modes[request["mode"]](alembic, sqlalchemy))
        status = 0
    except Failure as error:
        message = without_secrets(str(error))
        say("BACKSTEP-FAILURE", {"type": error.kind, "message": message})
        status = 1
    except BaseException as error:
        say("BACKSTEP-FAILURE", {"type": "AlembicBroken", "message": reason(error)})
        status = 1
    # Threads that env.py left running must not keep the Job alive.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


main()
