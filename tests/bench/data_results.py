"""Makes the results that are measured: an output file in another order than its input, and an error file."""

from __future__ import annotations

import json
import random
from pathlib import Path

from tests.bench.data import REQUESTS

_ERRORS = (
    (400, "context_length_exceeded", "This model's maximum context length is 128000 tokens."),
    (429, "rate_limit_exceeded", "Rate limit reached for gpt-4o-mini in organization org-x."),
    (500, None, "The server had an error while processing your request. Sorry about that!"),
)
_TEXT = """the answer summary of this review is positive because delivery was quick price quality battery screen
label forecast risk revenue compliance paragraph therefore however customer refund warranty shipping keyboard
résumé 客户 satisfaction"""


def result_files(folder: Path, size: int) -> tuple[Path, Path]:
    """Output and error file for the input of :mod:`tests.bench.data`: 2 % failed, 0.2 % expired, 0.1 % missing."""
    output, errors = folder / "chat.out.jsonl", folder / "chat.err.jsonl"
    if output.exists():
        return output, errors
    rnd = random.Random(2)
    words = _TEXT.split()
    pool = [" ".join(rnd.choices(words, k=rnd.randrange(6, 24))) + ". " for _ in range(4096)]
    mean = max(1, size // REQUESTS // 135)
    order = list(range(REQUESTS))
    rnd.shuffle(order)
    with output.open("w", encoding="utf-8") as out, errors.open("w", encoding="utf-8") as err:
        for n in order:
            fate = rnd.random()
            if fate < 0.001:
                continue
            if fate < 0.003:
                expired = {"code": "batch_expired", "message": "The window expired."}
                row: dict[str, object] = {
                    "id": f"batch_req_{n}",
                    "custom_id": f"request-{n:06d}",
                    "response": None,
                }
                err.write(json.dumps(row | {"error": expired}) + "\n")
            elif fate < 0.023:
                status, code, message = rnd.choice(_ERRORS)
                body: dict[str, object] = {"error": {"message": message, "type": "some_error", "code": code}}
                err.write(json.dumps(_row(n, status, body)) + "\n")
            else:
                text = "".join(rnd.choices(pool, k=max(1, int(mean * rnd.lognormvariate(-0.4, 0.9)))))
                out.write(json.dumps(_row(n, 200, _answer(text)), ensure_ascii=rnd.random() < 0.5) + "\n")
    return output, errors


def _row(n: int, status: int, body: dict[str, object]) -> dict[str, object]:
    response = {"status_code": status, "request_id": f"{n:032x}", "body": body}
    return {"id": f"batch_req_{n:024x}", "custom_id": f"request-{n:06d}", "response": response, "error": None}


def _answer(text: str) -> dict[str, object]:
    message: dict[str, object] = {"role": "assistant", "content": text, "refusal": None, "annotations": []}
    used = max(1, len(text) // 4)
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_760_000_000,
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": 900,
            "completion_tokens": used,
            "total_tokens": 900 + used,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        },
        "service_tier": "default",
    }
