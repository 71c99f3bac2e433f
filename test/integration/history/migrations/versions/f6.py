"""Colour the apples; the way back asks the environment, and throws the rotten ones away"""

import os

from alembic import op

revision, down_revision = "f6", "e5"

STRICT = os.getenv("ORCHARD_STRICT")


def upgrade():
    op.execute("ALTER TABLE apples ADD COLUMN colour text")


def downgrade():
    op.execute("DELETE FROM apples WHERE colour = 'brown'")
    if os.environ.get("KEEP_COLOURS") != "yes":
        op.execute("ALTER TABLE apples DROP COLUMN colour")
