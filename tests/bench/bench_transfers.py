"""A file up and down over the real client: CPU and memory beside the SDK's own ways, and the event loop's gaps."""

from __future__ import annotations

import atexit
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.bench.harness import Contender, Group

_OURS = "tests.bench.ours_transfers"
_EXTRA_MB = 40.0


def groups(folder: Path, size: int) -> Sequence[Group]:
    """What is measured here."""
    source = folder / "transfer.jsonl"
    line = b'{"custom_id":"request-00000000","body":"' + b"x" * 4000 + b'"}\n'
    with source.open("wb") as out:
        for _ in range(size // len(line)):
            out.write(line)
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.ours_transfers", str(source)], stdout=subprocess.PIPE, text=True
    )
    atexit.register(server.kill)
    url = server.stdout.readline().strip() if server.stdout else ""
    baseline = Contender("one small call", (f"{_OURS}:small", url))
    return (
        Group(
            "upload",
            (
                Contender("SDK, open file", (f"{_OURS}:sdk_upload", url, str(source))),
                Contender("SDK, hashed before", (f"{_OURS}:sdk_upload_hashed", url, str(source))),
                Contender("ours", (f"{_OURS}:upload", url, str(source)), True, {"SDK, open file": 1.5}, _limit()),
                baseline,
            ),
        ),
        Group(
            "download",
            (
                Contender("SDK, streamed", (f"{_OURS}:sdk_download", url, str(folder / "sdk.jsonl"))),
                Contender(
                    "ours",
                    (f"{_OURS}:download", url, str(folder / "ours")),
                    True,
                    {"SDK, streamed": 1.5},
                    _limit(),
                ),
                baseline,
            ),
        ),
    )


def _limit() -> float:
    """Megabytes a transfer may need in all: what loading the SDK takes, and a little more."""
    return 75.0 + _EXTRA_MB
