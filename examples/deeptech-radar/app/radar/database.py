"""One connection for one request or one job."""

import os

import psycopg
from psycopg.rows import DictRow, dict_row


def connect(autocommit: bool = False) -> psycopg.Connection[DictRow]:
    return psycopg.connect(
        os.environ["DATABASE_URL"],
        autocommit=autocommit,
        row_factory=dict_row,
        connect_timeout=3,
        application_name=os.environ.get("HOSTNAME", "radar"),
    )
