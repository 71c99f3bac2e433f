"""Modes migrate and build; and the answer."""


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
            raise Failure("MigrationsBroken", "this image does not hold revision %s: %s" % (revision, error))
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
        observed.on = bool(request.get("observe"))
        getattr(command, direction)(config, target)
    except BaseException as error:
        traceback_text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        sys.stderr.write(without_secrets(traceback_text))
        raise Failure("DowngradeFailed", "%s; the database is at %s" % (reason(error), names(session.revisions())))
    finally:
        observed.on = False
        if request.get("observe"):
            say("BACKSTEP-OBSERVED", observed.told())
    after = session.revisions()
    if after != wanted:
        words = "Alembic reported success, but the database is at %s; does env.py migrate another one?" % names(after)
        raise Failure("DowngradeUnclear", words)
    return {"from": before, "to": after, "moved": True, "seconds": round(time.monotonic() - started, 3)}


def names(revisions):
    return ", ".join(revisions) or "base"


modes = {
    "inspect": lambda _sqlalchemy: inspect(),
    "migrate": lambda sqlalchemy: move(sqlalchemy, "downgrade", [request["from"]]),
    "build": lambda sqlalchemy: move(sqlalchemy, "upgrade", []),
}


def main():
    try:
        say("BACKSTEP-RESULT", modes[request["mode"]](modules()))
        status = 0
    except Failure as error:
        message = without_secrets(str(error))
        say("BACKSTEP-FAILURE", {"type": error.kind, "message": message})
        status = 1
    except BaseException as error:
        say("BACKSTEP-FAILURE", {"type": "MigrationsBroken", "message": reason(error)})
        status = 1
    # Threads that env.py left running must not keep the Job alive.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


main()
