"""Fills a database at revision 0004: python -m radar.seed --rows N --seed S.

The same seed makes the same rows, dates included. One paper in a hundred has no
embedding yet, which the schema says by a vector of zeros.
"""

import argparse
import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import psycopg

from radar.database import connect
from radar.jobs import DOMAINS
from radar.papers import DIMENSIONS

SHARES = {"papers": 0.4, "repositories": 0.2, "paper_repo_links": 0.25, "opportunities": 0.15}
EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
NOUNS = "graphs agents lattices sensors catalysts batteries qubits proteins markets robots".split()
VERBS = "learning simulating folding routing cooling scaling aligning growing".split()
LANGUAGES = ["Python", "Rust", "Julia", "C++", "Go", None]


def copy(db: psycopg.Connection, table: str, columns: str, rows: Iterable[tuple]) -> None:
    with db.cursor().copy(f"COPY {table} ({columns}) FROM STDIN") as stream:
        for row in rows:
            stream.write_row(row)


def fill(db: psycopg.Connection, rows: int, seed: int) -> dict[str, int]:
    counts = {table: round(rows * share) for table, share in SHARES.items()}
    chance = random.Random(seed)

    def moment() -> datetime:
        return EPOCH + timedelta(seconds=chance.randrange(300 * 86_400))

    def paper(number: int) -> tuple:
        title = f"{chance.choice(VERBS).title()} {chance.choice(NOUNS)} with {chance.choice(NOUNS)}"
        embedded = chance.random() >= 0.01
        vector = [round(chance.gauss(0, 1), 4) if embedded else 0 for _ in range(DIMENSIONS)]
        abstract = " ".join(chance.choices(NOUNS + VERBS, k=25))
        arxiv_id = f"{2501 + number % 10}.{number:06d}"
        return number, arxiv_id, title, abstract, chance.choice(DOMAINS), moment(), str(vector)

    def repository(number: int) -> tuple:
        stars = int(chance.paretovariate(0.9)) % 90_000
        return (
            number,
            f"lab-{number % 997}/{chance.choice(NOUNS)}-{number}",
            chance.choice(LANGUAGES),
            stars,
            moment(),
        )

    papers, repositories = range(1, counts["papers"] + 1), range(1, counts["repositories"] + 1)
    links: dict[tuple[int, int], None] = {}
    copy(db, "papers", "id, arxiv_id, title, abstract, domain, published_at, embedding", map(paper, papers))
    copy(db, "repositories", "id, full_name, language, stars, pushed_at", map(repository, repositories))
    while len(links) < counts["paper_repo_links"]:
        links[chance.choice(papers), chance.choice(repositories)] = None
    copy(
        db,
        "paper_repo_links",
        "paper_id, repository_id, confidence, linked_at",
        ((*link, round(chance.random(), 4), moment()) for link in links),
    )
    pairs = list(links)
    copy(
        db,
        "opportunities",
        "id, paper_id, repository_id, title, score, found_at",
        (
            (number, *chance.choice(pairs), f"Opportunity {number}", round(chance.random(), 4), moment())
            for number in range(1, counts["opportunities"] + 1)
        ),
    )
    for table in ("papers", "repositories", "opportunities"):
        db.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description="Fills an empty database at revision 0004.")
    parser.add_argument("--rows", type=int, default=60_000, help="rows in all four tables together")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with connect() as db:
        counts = fill(db, arguments.rows, arguments.seed)
    with connect(autocommit=True) as db:
        db.execute("ANALYZE")
    print(*(f"{table}: {count}" for table, count in counts.items()), sep="\n")


if __name__ == "__main__":
    main()
