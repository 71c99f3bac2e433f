"""Create apples"""

from alembic import op

revision, down_revision = "a1", None


def upgrade():
    op.execute("CREATE TABLE apples (id int PRIMARY KEY)")


def downgrade():
    op.execute("DROP TABLE apples")
