"""Small batch files for tests: requests, answers, failures, in the shapes of the wire."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path


def request_line(custom_id: str, *, text: str = "hello") -> bytes:
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}]}
    return json.dumps(
        {"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": body},
        ensure_ascii=False,
    ).encode()


def answer_line(
    custom_id: str | None, *, text: str = "hi", finish: str = "stop", model: str = "gpt-4o-mini"
) -> bytes:
    body = {
        "model": model,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
        "service_tier": "default",
    }
    return result_line(custom_id, 200, body)


def result_line(custom_id: object, status: object, body: object, *, error: object = None) -> bytes:
    response = {"status_code": status, "request_id": "req_1", "body": body}
    return json.dumps(
        {"id": "batch_req_1", "custom_id": custom_id, "response": response, "error": error},
        ensure_ascii=False,
    ).encode()


def failure_line(
    custom_id: str, status: int = 429, code: str | None = "rate_limit_exceeded", message: str = "Slow down."
) -> bytes:
    error = {"message": message, "type": "some_error", "param": None, "code": code}
    return result_line(custom_id, status, {"error": error})


def not_run_line(custom_id: str, code: str = "batch_expired") -> bytes:
    error = {"code": code, "message": "It did not run."}
    return json.dumps({"id": "batch_req_1", "custom_id": custom_id, "response": None, "error": error}).encode()


def write_lines(path: Path, lines: Iterable[bytes]) -> Path:
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path
