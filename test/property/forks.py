"""Runs Python programs in forks of itself, so that importing Alembic is paid for once.

One line of JSON a program on standard input: {"id", "program", "cwd", "env", "log"}. Answers in lines too:
{"id", "pid"} when it has begun, {"id", "status"} when it has ended; below 0 is the signal that ended it.
"""

import json
import os
import select
import sys

import alembic.command
import alembic.config
import alembic.runtime.environment
import alembic.runtime.migration
import alembic.script
import mako.template
import psycopg
import sqlalchemy
import sqlalchemy.dialects.postgresql.psycopg

running = {}


def say(**words):
    os.write(1, (json.dumps(words) + "\n").encode())


def run(request):
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv = ["-c"]
    try:
        exec(compile(request["program"], "<string>", "exec"), {"__name__": "__main__"})
    except BaseException as error:
        sys.stderr.write("%r\n" % error)
        sys.stderr.flush()
        os._exit(1)
    sys.stdout.flush()
    os._exit(0)


def begin(request):
    pid = os.fork()
    if pid == 0:
        run(request)
    running[pid] = request["id"]
    say(id=request["id"], pid=pid)


def reap():
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        say(id=running.pop(pid), status=os.waitstatus_to_exitcode(status))


rest = b""
while True:
    ready, _, _ = select.select([0], [], [], 0.005 if running else None)
    if ready:
        data = os.read(0, 1 << 20)
        if not data:
            sys.exit(0)
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            begin(json.loads(line))
    reap()
