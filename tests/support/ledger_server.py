"""A Batch API on a loopback port that counts what it was made to do, and can kill its client at any step."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STEPS = ("upload:before", "upload:after", "upload:replied", "create:before", "create:after", "create:replied")
"""Where the client can be killed: on arrival of the request, once it's carried out, once it's answered."""


class LedgerServer(ThreadingHTTPServer):
    """Holds what was created; ``kill_at`` and ``victim`` say whom to kill where."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.batches: list[dict[str, object]] = []
        self.files = 0
        self.posts = 0
        self.kill_at = ""
        self.victim = 0
        self.known_victim = threading.Event()
        self.guard = threading.Lock()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def at(self, step: str) -> None:
        """The client has come to a step."""
        if step == self.kill_at:
            self.kill_at = ""
            self.known_victim.wait(10)
            os.kill(self.victim, signal.SIGKILL)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed hangs up: no news."""


class _Handler(BaseHTTPRequestHandler):
    server: LedgerServer

    def do_GET(self) -> None:
        self._answer({"object": "list", "data": list(reversed(self.server.batches)), "has_more": False})

    def do_POST(self) -> None:
        server = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kind = "upload" if self.path.endswith("/files") else "create"
        server.at(f"{kind}:before")
        with server.guard:
            answer = self._upload(body) if kind == "upload" else self._create(body)
        server.at(f"{kind}:after")
        self._answer(answer)
        server.at(f"{kind}:replied")

    def _upload(self, body: bytes) -> dict[str, object]:
        self.server.files += 1
        number = self.server.files
        return {"id": f"file-{number}", "object": "file", "bytes": len(body), "created_at": 1_790_000_000}

    def _create(self, body: bytes) -> dict[str, object]:
        self.server.posts += 1
        order = json.loads(body)
        batch = {
            "id": f"batch_{len(self.server.batches) + 1}",
            "object": "batch",
            "status": "validating",
            "created_at": 1_790_000_001,
            **order,
        }
        self.server.batches.append(batch)
        return batch

    def _answer(self, body: object) -> None:
        text = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Quiet."""


@contextmanager
def ledger_server() -> Generator[LedgerServer, None, None]:
    server = LedgerServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
