"""Runs inside the application's own image, as `python3 -c`, and speaks to Alembic through its own API.

The request is JSON in BACKSTEP_REQUEST. The answer is one line, BACKSTEP-RESULT or BACKSTEP-FAILURE followed
by JSON, after BACKSTEP-OBSERVED in a rehearsal; whatever env.py and the migrations print stays beside it. Nothing but Alembic and what Alembic needs
is imported, so that it runs wherever `alembic` does.

It is one program in parts, which job.ts joins in the order of their numbers.

Modes: `inspect` reads the history, and the revision that env.py sees; `migrate` moves the database to one
explicit revision; `build` upgrades an empty database to a revision.
"""

import functools
import json
import logging
import os
import re
import sys
import time
import traceback
from urllib.parse import unquote

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
    return re.sub(r"(\w://)(?:[^\s/@:]*:\S*|[^\s/@'\"]*)@", r"\1***@", text)


def reason(error):
    """The migration's own file and line, and the last lines of the error."""
    frames = traceback.extract_tb(error.__traceback__)
    frames = [frame for frame in frames if os.path.basename(os.path.dirname(frame.filename)) == "versions"]
    where = "%s:%s: " % (os.path.basename(frames[-1].filename), frames[-1].lineno) if frames else ""
    said = "".join(traceback.format_exception_only(type(error), error)).strip()
    said = re.sub(r"\n?\(Background on this error at: \S+\)", "", said)
    return without_secrets(where + said)[-1800:]


def modules():
    """SQLAlchemy, as Alembic will use it, with everything that listens to its sessions."""
    try:
        import alembic  # noqa: F401
        import sqlalchemy
    except ImportError as error:
        raise Failure("MigrationToolMissing", "%s cannot import Alembic: %s" % (sys.executable, error))
    sys.path.insert(0, os.getcwd())
    sqlalchemy.event.listen(sqlalchemy.engine.Engine, "connect", be_known)
    if request.get("observe"):
        observe(sqlalchemy)
    return sqlalchemy


def be_known(connection, _record):
    """Names every session, those of env.py too: while writes are stopped, sessions of others are ended."""
    try:
        cursor = connection.cursor()
        cursor.execute("SET application_name = '%s'" % request["application"])
        cursor.execute("SELECT current_database()")
        found = cursor.fetchone()[0]
        cursor.close()
        connection.commit()
    except Exception:
        connection.rollback()
        return
    if found != request.get("onlyDatabase", found):
        # A rehearsal happens on its copy, or not at all.
        connection.close()
        raise Failure("DowngradeFailed", "the migrations connect to database %s, and a rehearsal lets them reach its copy only" % found)
