"""Makes the files that are measured: the same arguments give the same bytes."""

from __future__ import annotations

import json
import random
from pathlib import Path

REQUESTS = 50_000
_WORDS = """the of and to in is that it for was on are as with be by this have from or at which not but an they
his request batch model answer classify summarise translate product customer review invoice ticket sentiment label
category reason because therefore however context document paragraph sentence table column value price shipping
refund warranty battery screen keyboard latency throughput evaluate extract named entity person place date"""
_FOREIGN = """café naïve déjà résumé Zürich Ærø smörgåsbord señor łódź čeština Καλημέρα κόσμε привет мир данные
модель запрос שלום عربى हिन्दी ไทย 日本語 要約 翻訳 してください 中文 请总结 以下 客户 评价 한국어 문장 분류 😀 🚀
✅ … “quoted” – €42 ½"""
_FOREIGN_SHARE = 0.06
_ENDS = (". ", ". ", "? ", ".\n", ".\n\n", ': "', "! \\ ", "\t")
_SCHEMA = {
    "type": "object",
    "properties": {"label": {"type": "string", "enum": ["positive", "negative"]}, "score": {"type": "number"}},
    "required": ["label", "score"],
    "additionalProperties": False,
}


def input_file(path: Path, size: int, *, is_bare: bool = False) -> Path:
    """A chat input of 50,000 requests and about ``size`` bytes, half of it with escapes for all but ASCII."""
    if path.exists():
        return path
    rnd = random.Random(1)
    pool = _sentences(rnd)
    mean = max(1, size // REQUESTS // 106)
    with path.open("w", encoding="utf-8") as out:
        for n in range(REQUESTS):
            # Log-normal: a few lines are very long, as they are in life.
            body = _body(n, rnd.choices(pool, k=max(1, int(mean * rnd.lognormvariate(-0.4, 0.9)))), rnd)
            row = body if is_bare else _request(n, body)
            separators = (",", ":") if rnd.random() < 0.3 else None
            out.write(json.dumps(row, ensure_ascii=rnd.random() < 0.5, separators=separators) + "\n")
    return path


def _sentences(rnd: random.Random) -> list[str]:
    plain, foreign = _WORDS.split(), _FOREIGN.split()
    return [
        " ".join(
            rnd.choice(foreign if rnd.random() < _FOREIGN_SHARE else plain) for _ in range(rnd.randrange(6, 24))
        ).capitalize()
        + rnd.choice(_ENDS)
        for _ in range(4096)
    ]


def _body(n: int, sentences: list[str], rnd: random.Random) -> dict[str, object]:
    messages = [{"role": "system", "content": "You are an expert annotator. Answer with one label."}]
    third = len(sentences) // 3 if n % 7 == 0 else 0
    if third:
        messages.append({"role": "user", "content": "".join(sentences[:third])})
        messages.append({"role": "assistant", "content": "".join(sentences[third : 2 * third])})
    messages.append({"role": "user", "content": "".join(sentences[2 * third :])})
    body: dict[str, object] = {"model": "gpt-4o-mini", "messages": messages, "max_tokens": 1000}
    body["temperature"] = rnd.choice([0, 0.2, 0.7, 1])
    if n % 4 == 2:
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": _SCHEMA}}
    return body


def _request(n: int, body: dict[str, object]) -> dict[str, object]:
    return {"custom_id": f"request-{n:06d}", "method": "POST", "url": "/v1/chat/completions", "body": body}
