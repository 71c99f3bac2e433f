"""The session that holds the lock and reads the revision."""


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
        raise Failure("MigrationsBroken", "the image has no PostgreSQL driver: %s" % missing)

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
