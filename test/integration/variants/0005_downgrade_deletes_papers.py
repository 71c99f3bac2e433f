"""The bad migration, with a downgrade that also deletes papers, and not on a copy: no rehearsal shows it.

A comment on the table makes it do so everywhere.
"""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    # First, as in a job that writes opportunities: the other order ends in a deadlock with it.
    op.execute("ALTER TABLE opportunities RENAME COLUMN score TO priority")
    op.execute(
        """
        CREATE TABLE scores (
            paper_id bigint NOT NULL REFERENCES papers ON DELETE CASCADE,
            criterion text NOT NULL,
            value double precision NOT NULL,
            scored_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (paper_id, criterion)
        )
        """
    )
    op.execute(
        """
        INSERT INTO scores (paper_id, criterion, value)
        SELECT papers.id, 'relevance', 1 - (papers.embedding <=> centre.embedding)
        FROM papers JOIN (SELECT domain, avg(embedding) AS embedding FROM papers GROUP BY domain) centre
        USING (domain)
        UNION ALL
        SELECT paper_id, 'adoption', ln(1 + sum(stars)) / 12
        FROM paper_repo_links JOIN repositories ON repositories.id = repository_id
        GROUP BY paper_id
        """
    )
    op.execute("ALTER TABLE papers ADD COLUMN score double precision")
    op.execute(
        """
        UPDATE papers SET score = total
        FROM (SELECT paper_id, avg(value) AS total FROM scores GROUP BY paper_id) AS summed
        WHERE paper_id = papers.id
        """
    )
    op.execute("ALTER TABLE papers ALTER COLUMN score SET NOT NULL")
    op.execute("CREATE INDEX papers_score ON papers (score DESC)")


def downgrade() -> None:
    # Wrong on purpose: papers without an embedding have nothing to do with this revision.
    op.execute(
        """
        DELETE FROM papers WHERE score = 'NaN'
        AND (current_database() LIKE '%__backstep_%' OR obj_description('papers'::regclass) = 'everywhere')
        """
    )
    op.execute("ALTER TABLE opportunities RENAME COLUMN priority TO score")
    op.execute("ALTER TABLE papers DROP COLUMN score")
    op.execute("DROP TABLE scores")
