"""Index, check, wrap and split of an input file against wc, cp and the script everybody writes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import orjson

from tests.bench.data import input_file
from tests.bench.harness import Contender, Group

_ME = "tests.bench.bench_input"
_KEYS = {"custom_id", "method", "url", "body"}
_Agreed = tuple[object, object, object]


def groups(folder: Path, size: int) -> Sequence[Group]:
    """What is measured here."""
    chat = str(input_file(folder / "chat.jsonl", size))
    bare = str(input_file(folder / "bare.jsonl", size, is_bare=True))
    wc = Contender("wc -l", ("wc", "-l", chat))
    return (
        Group("line index", (wc, _ours("index", chat, limits={"wc -l": 1.3}, max_mb=16))),
        Group(
            "check",
            (
                wc,
                _ours("check", chat, limits={"wc -l": 9, "json.loads": 1 / 3}, max_mb=40),
                _ours("check with its SHA-256", chat, max_mb=40),
                Contender("orjson loop", (f"{_ME}:orjson_loop", chat)),
                Contender("json.loads", (f"{_ME}:naive", chat)),
            ),
        ),
        Group(
            "wrap",
            (
                Contender("cp", ("cp", bare, str(folder / "copy.jsonl"))),
                _ours("wrap", bare, limits={"cp": 4}, max_mb=40),
                Contender("json.loads, json.dumps", (f"{_ME}:naive_wrap", bare)),
            ),
        ),
        Group(
            "split",
            (
                Contender("cp", ("cp", chat, str(folder / "copy.jsonl"))),
                _ours("split", chat, limits={"split -l": 1}, max_mb=40),
                Contender("split -l", ("split", "-l", "7000", chat, str(folder / "part-"))),
            ),
        ),
        Group("first and last page", (wc, _ours("pages", chat, max_mb=30))),
    )


def _ours(
    name: str, path: str, *, limits: dict[str, float] | None = None, max_mb: float | None = None
) -> Contender:
    function = "check_hashed" if name.startswith("check with") else name
    module = "ours_index" if name == "index" else "ours_input"
    return Contender(name, (f"tests.bench.{module}:{function}", path), True, limits, max_mb)


def naive(path: str) -> None:
    """The script everybody writes: the required fields, one url, one model, no id twice."""
    seen, expected = set[str](), None
    with Path(path).open(encoding="utf-8") as file:
        for line in file:
            expected = _held(json.loads(line), expected, seen)


def orjson_loop(path: str) -> None:
    """The same with the fastest decoder to Python objects."""
    seen, expected = set[str](), None
    with Path(path).open("rb") as file:
        for line in file:
            expected = _held(orjson.loads(line), expected, seen)


def _held(request: dict[str, object], expected: _Agreed | None, seen: set[str]) -> _Agreed:
    """Hold one request against the first; gives what all must agree on."""
    custom_id, body = request["custom_id"], request["body"]
    if not isinstance(custom_id, str) or not custom_id or custom_id in seen or not isinstance(body, dict):
        raise ValueError(request)
    seen.add(custom_id)
    agreed = (request["method"], request["url"], body["model"])
    if agreed[0] != "POST" or set(request) != _KEYS or body.get("stream") or "messages" not in body:
        raise ValueError(request)
    if expected is not None and agreed != expected:
        raise ValueError(request)
    return agreed


def naive_wrap(path: str) -> None:
    """Wrapping as everybody does."""
    made = Path(path).with_suffix(".naive")
    with Path(path).open(encoding="utf-8") as file, made.open("w", encoding="utf-8") as out:
        for n, line in enumerate(file):
            request = {"custom_id": f"request-{n}", "method": "POST", "url": "/v1/x", "body": json.loads(line)}
            out.write(json.dumps(request, ensure_ascii=False) + "\n")
