"""Reading and writing papers, as the API and the hourly job do it."""

import hashlib

import psycopg

from radar.release import PAPERS_HAVE_SCORES

DIMENSIONS = 16


def embed(text: str) -> str:
    """A stand-in for a language model: the same text always has the same vector."""
    digest = hashlib.sha256(text.encode()).digest()
    return str([round(byte / 127.5 - 1, 4) for byte in digest[:DIMENSIONS]])


def best(db: psycopg.Connection, count: int) -> list[dict]:
    """The papers shown first: release 1 the newest, release 2 by score."""
    if PAPERS_HAVE_SCORES:
        query = "SELECT arxiv_id, title, domain, score FROM papers ORDER BY score DESC LIMIT %s"
    else:
        query = "SELECT arxiv_id, title, domain FROM papers ORDER BY id DESC LIMIT %s"
    return db.execute(query, (count,)).fetchall()


def add(db: psycopg.Connection, paper: dict) -> dict:
    """Inserts one paper; one that is known already is left as it is."""
    values = {"score": 0.0, "embedding": embed(paper["title"])} | paper
    columns = ["arxiv_id", "title", "abstract", "domain", "embedding"] + ["score"] * PAPERS_HAVE_SCORES
    row = db.execute(
        f"""
        INSERT INTO papers (published_at, {", ".join(columns)})
        VALUES (now(), {", ".join(f"%({column})s" for column in columns)})
        ON CONFLICT (arxiv_id) DO NOTHING RETURNING id
        """,
        values,
    ).fetchone()
    return {"arxiv_id": paper["arxiv_id"], "written": row is not None}
