"""Create quinces; the way back commits in the middle"""

from alembic import op

revision, down_revision = "e5", "d4"


def upgrade():
    op.execute("CREATE TABLE quinces (id int PRIMARY KEY, ripe boolean)")
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY quinces_ripe ON quinces (ripe)")


def downgrade():
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY quinces_ripe")
    op.execute("DROP TABLE quinces")
