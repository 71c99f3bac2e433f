"""The five CronJobs: python -m radar.jobs <name>. Each writes a little and says what."""

import json
import math
import sys

import psycopg

from radar.database import connect
from radar.papers import add
from radar.release import OPPORTUNITY_SCORE, PAPERS_HAVE_SCORES, RELEASE

DOMAINS = ["AI", "Quantum", "Robotics", "Materials", "Energy"]


def highest(db: psycopg.Connection, table: str) -> int:
    return db.execute(f"SELECT coalesce(max(id), 0) AS id FROM {table}").fetchone()["id"]


def arxiv_hourly(db: psycopg.Connection) -> int:
    start = highest(db, "papers")
    papers = [
        {
            "arxiv_id": f"hourly.{number:07d}",
            "title": f"Paper {number} of the hour",
            "abstract": "Found by the hourly run.",
            "domain": DOMAINS[number % len(DOMAINS)],
        }
        for number in range(start + 1, start + 6)
    ]
    return sum(add(db, paper)["written"] for paper in papers)


def github_hourly(db: psycopg.Connection) -> int:
    start = highest(db, "repositories")
    return db.execute(
        """
        INSERT INTO repositories (full_name, language, stars, pushed_at)
        SELECT 'hourly/' || n, 'Python', n %% 500, now() FROM generate_series(%s::bigint, %s::bigint) AS n
        ON CONFLICT (full_name) DO NOTHING
        """,
        (start + 1, start + 5),
    ).rowcount


def linking_daily(db: psycopg.Connection) -> int:
    return db.execute(
        """
        INSERT INTO paper_repo_links (paper_id, repository_id, confidence, linked_at)
        SELECT p.id, r.id, 0.5, now()
        FROM (SELECT id, rank() OVER (ORDER BY id DESC) AS n FROM papers ORDER BY n LIMIT 5) AS p
        JOIN (SELECT id, rank() OVER (ORDER BY id DESC) AS n FROM repositories ORDER BY n LIMIT 5) AS r USING (n)
        ON CONFLICT DO NOTHING
        """
    ).rowcount


def scoring_daily(db: psycopg.Connection) -> int:
    if PAPERS_HAVE_SCORES:
        for paper in db.execute("SELECT id, score FROM papers ORDER BY score DESC LIMIT 50").fetchall():
            db.execute(
                """
                INSERT INTO scores (paper_id, criterion, value) VALUES (%s, 'stars', %s)
                ON CONFLICT (paper_id, criterion) DO UPDATE SET value = excluded.value
                """,
                (paper["id"], math.floor(paper["score"] * 5)),
            )
    return db.execute(
        f"""
        UPDATE opportunities SET {OPPORTUNITY_SCORE} = confidence * ln(2 + stars)
        FROM paper_repo_links JOIN repositories ON repositories.id = repository_id
        WHERE opportunities.paper_id = paper_repo_links.paper_id
          AND opportunities.repository_id = paper_repo_links.repository_id
          AND opportunities.id > (SELECT max(id) - 100 FROM opportunities)
        """
    ).rowcount


def opportunities_daily(db: psycopg.Connection) -> int:
    return db.execute(
        f"""
        INSERT INTO opportunities (paper_id, repository_id, title, {OPPORTUNITY_SCORE}, found_at)
        SELECT paper_id, repository_id, 'Opportunity of the day', confidence, now()
        FROM paper_repo_links ORDER BY paper_id DESC, repository_id DESC LIMIT 3
        """
    ).rowcount


JOBS = {
    "arxiv-hourly": ("papers", arxiv_hourly),
    "github-hourly": ("repositories", github_hourly),
    "linking-daily": ("paper_repo_links", linking_daily),
    "scoring-daily": ("opportunities", scoring_daily),
    "opportunities-daily": ("opportunities", opportunities_daily),
}


def main() -> None:
    name = sys.argv[1]
    table, job = JOBS[name]
    with connect() as db:
        rows = job(db)
    print(json.dumps({"job": name, "release": RELEASE, "table": table, "rows": rows}))


if __name__ == "__main__":
    main()
