"""Makes the files that are measured: the same arguments give the same bytes."""

from __future__ import annotations

import json
import random
from pathlib import Path

REQUESTS = 50_000
_WORDS = """the of and to in is that request batch model answer classify summarise translate product customer
review invoice ticket sentiment label category reason because therefore however context document paragraph sentence
table column value price shipping refund warranty battery screen keyboard latency throughput evaluate extract"""
_FOREIGN = """Zürich résumé señor łódź привет мир данные 日本語 要約 客户 评价 한국어 😀 🚀 “quoted” – €42 ½"""
_FOREIGN_SHARE = 0.06


def input_file(path: Path, size: int, *, is_bare: bool = False) -> Path:
    """A chat input of 50,000 requests and about ``size`` bytes, half of it with escapes for all but ASCII."""
    if path.exists():
        return path
    rnd = random.Random(1)
    plain, foreign = _WORDS.split(), _FOREIGN.split()
    pool = [
        " ".join(
            rnd.choice(foreign if rnd.random() < _FOREIGN_SHARE else plain) for _ in range(rnd.randrange(6, 24))
        )
        + rnd.choice([". ", ". ", ".\n", ': "', "\t"])
        for _ in range(4096)
    ]
    mean = max(1, size // REQUESTS // 120)
    with path.open("w", encoding="utf-8") as out:
        for n in range(REQUESTS):
            # Log-normal: a few lines are very long, as they are in life.
            text = "".join(rnd.choices(pool, k=max(1, int(mean * rnd.lognormvariate(-0.4, 0.9)))))
            messages = [{"role": "system", "content": "You are helpful."}, {"role": "user", "content": text}]
            body: dict[str, object] = {"model": "gpt-4o-mini", "messages": messages, "max_tokens": 1000}
            row = body if is_bare else _request(n, body)
            separators = (",", ":") if rnd.random() < 0.3 else None
            out.write(json.dumps(row, ensure_ascii=rnd.random() < 0.5, separators=separators) + "\n")
    return path


def _request(n: int, body: dict[str, object]) -> dict[str, object]:
    return {"custom_id": f"request-{n:06d}", "method": "POST", "url": "/v1/chat/completions", "body": body}
