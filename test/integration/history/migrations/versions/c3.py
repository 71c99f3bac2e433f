"""Create plums; the way back fails where a worm is in one, and tells what it should not"""

import os

from alembic import op

revision, down_revision = "c3", "b2"


def upgrade():
    op.execute("CREATE TABLE plums (id int PRIMARY KEY, worm boolean)")


def downgrade():
    op.execute("/* %s */ SELECT 1 / (1 - (SELECT count(*) FROM plums WHERE worm))" % os.environ["DATABASE_URL"])
    op.execute("DROP TABLE plums")
