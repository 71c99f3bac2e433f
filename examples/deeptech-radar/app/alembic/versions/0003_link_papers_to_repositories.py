"""Link papers to the repositories that implement them."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE paper_repo_links (
            paper_id bigint NOT NULL REFERENCES papers ON DELETE CASCADE,
            repository_id bigint NOT NULL REFERENCES repositories ON DELETE CASCADE,
            confidence double precision NOT NULL CHECK (confidence BETWEEN 0 AND 1),
            linked_at timestamptz NOT NULL,
            PRIMARY KEY (paper_id, repository_id)
        )
        """
    )
    op.execute("CREATE INDEX paper_repo_links_repository ON paper_repo_links (repository_id)")


def downgrade() -> None:
    op.execute("DROP TABLE paper_repo_links")
