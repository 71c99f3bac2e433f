"""Create pears; the way back takes its time"""

from alembic import op

revision, down_revision = "b2", "a1"


def upgrade():
    op.execute("CREATE TABLE pears (id int PRIMARY KEY)")


def downgrade():
    op.execute("SELECT pg_sleep(3)")
    op.execute("DROP TABLE pears")
