"""Mode inspect: the migrations that the image holds, and the revision at which env.py finds the database."""


# A rollback reverts the newest few; people read no more at night.
most_sources, longest_source = 12, 2400


def source(revision):
    """What the downgrade says, without running it: reading is all that `inspect` may do."""
    from inspect import getsource

    try:
        text = getsource(revision.module.downgrade)
    except Exception:
        return {}
    return {"downgrade": without_secrets(text)[:longest_source]}


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
                **(source(revision) if len(listed) < most_sources else {}),
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


def inspect():
    config = configuration()
    script = script_directory(config)
    answer = {"heads": sorted(script.get_heads()), "history": history(script)}
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
