"""How the application's own Alembic is configured, and where its database is."""


def database_url():
    source = request["databaseUrl"]
    if "env" in source:
        url = os.environ.get(source["env"], "")
        if not url:
            raise Failure("MigrationsBroken", "%s is not set in the container" % source["env"])
    else:
        try:
            with open(source["file"]) as file:
                url = file.read().strip()
        except OSError as error:
            raise Failure("MigrationsBroken", "cannot read %s: %s" % (source["file"], error.strerror))
    password = re.search(r"://[^/@:]*:(.*)@", url)
    secrets.add(url)
    if password and password.group(1):
        secrets.update([password.group(1), unquote(password.group(1))])
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
        raise Failure("MigrationsBroken", "there is no %s in %s" % (path, os.getcwd()))
    options = dict(request.get("options", {}))
    if request.get("scriptLocation"):
        options["script_location"] = request["scriptLocation"]
    if request.get("setUrlOption"):
        options["sqlalchemy.url"] = database_url()
    for name, value in options.items():
        config.set_main_option(name, value.replace("%", "%%"))
    if config.config_file_name is None or not config.file_config.has_section("loggers"):
        # Otherwise nothing says which migration is being run; and some env.py look for a file where none is.
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
        raise Failure("MigrationsBroken", "the migrations cannot be read: " + reason(error))
