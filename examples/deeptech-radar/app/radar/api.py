"""The API: GET /health, GET /papers, POST /papers on port 8000; SIGTERM ends it.

Every statement stands alone: a request that held the lock of one table while it waits for
another would end in a deadlock with a migration.
"""

import json
import os
import signal
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from radar.database import connect
from radar.papers import add, best
from radar.release import OPPORTUNITY_SCORE, RELEASE, SCHEMA


def health() -> dict:
    """Works only if the schema is the one of this release and the first page can be shown."""
    with connect(autocommit=True) as db:
        found = [row["version_num"] for row in db.execute("SELECT version_num FROM alembic_version")]
        if found != [SCHEMA]:
            raise RuntimeError(
                f"release {RELEASE} needs schema {SCHEMA}, the database is at {', '.join(found)}"
            )
        db.execute(f"SELECT {OPPORTUNITY_SCORE} FROM opportunities LIMIT 1")
        return {"status": "ok", "release": RELEASE, "schema": SCHEMA, "first": best(db, 3)}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/health":
            self.answer(health)
        elif self.path == "/papers":
            self.answer(self.papers)
        else:
            self.send(HTTPStatus.NOT_FOUND, b'{"error": "not found"}')

    def do_POST(self) -> None:
        if self.path == "/papers":
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.answer(lambda: self.write(json.loads(body)), HTTPStatus.CREATED)
        else:
            self.send(HTTPStatus.NOT_FOUND, b'{"error": "not found"}')

    def papers(self) -> list[dict]:
        with connect(autocommit=True) as db:
            return best(db, 20)

    def write(self, paper: dict) -> dict:
        with connect(autocommit=True) as db:
            return add(db, paper)

    def answer(self, activity, status: HTTPStatus = HTTPStatus.OK) -> None:
        try:
            # A NaN is no JSON: better no answer than one that no client can read.
            body = json.dumps(activity(), allow_nan=False)
        except Exception as error:
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            body = json.dumps(
                {"status": "error", "release": RELEASE, "error": f"{type(error).__name__}: {error}"}
            )
            print(f"ERROR {self.command} {self.path}: {type(error).__name__}: {error}", flush=True)
        self.send(status, body.encode())

    def send(self, status: HTTPStatus, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_) -> None:
        """Errors are logged where they happen; a probe a second is no news."""


def main() -> None:
    port = int(os.environ.get("PORT", "8000"))
    server = ThreadingHTTPServer(("", port), Handler)
    # shutdown() waits for serve_forever, which runs in this very thread: hence the other one.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"DeepTech Radar release {RELEASE} on port {port}", flush=True)
    server.serve_forever()
    server.server_close()


if __name__ == "__main__":
    main()
