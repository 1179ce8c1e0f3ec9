"""Small input files, line by line."""

from __future__ import annotations

import json
from pathlib import Path

CHAT = "/v1/chat/completions"


def request(
    custom_id: str = "a", model: str = "gpt-4o-mini", text: str = "hi", **changes: object
) -> dict[str, object]:
    body = {"model": model, "messages": [{"role": "user", "content": text}]}
    return {"custom_id": custom_id, "method": "POST", "url": CHAT, "body": body} | changes


def lines(count: int) -> list[bytes]:
    return [json.dumps(request(f"r-{n}", text="Grüße \N{ROCKET}" * 3)).encode() for n in range(count)]


def write(path: Path, rows: list[bytes], end: bytes = b"\n") -> Path:
    path.write_bytes(b"".join(row + end for row in rows))
    return path
