"""Create figs; the way back was never written"""

from alembic import op

revision, down_revision = "d4", "c3"


def upgrade():
    op.execute("CREATE TABLE figs (id int PRIMARY KEY)")


def downgrade():
    pass
