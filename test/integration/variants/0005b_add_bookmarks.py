"""A second head: another branch from 0004, never merged."""

from alembic import op

revision = "0005b"
down_revision = "0004"


def upgrade() -> None:
    op.execute("CREATE TABLE bookmarks (paper_id bigint PRIMARY KEY REFERENCES papers ON DELETE CASCADE)")


def downgrade() -> None:
    op.execute("DROP TABLE bookmarks")
