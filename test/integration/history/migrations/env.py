"""An env.py with the bad habits of real ones: it prints, without an end of line, and closes its output."""

import os
import sys

from alembic import context
from sqlalchemy import create_engine

print("connecting to the database ...", end="")
engine = create_engine(os.environ["DATABASE_URL"])
with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
sys.stdout.close()
sys.stdout = sys.stderr
