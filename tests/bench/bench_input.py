"""Index, check, wrap and split of an input file against wc, cp and the script everybody writes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from tests.bench.data import input_file
from tests.bench.harness import Contender, Group

_ME = "tests.bench.bench_input"
_ORJSON = "orjson loop"
_KEYS = {"custom_id", "method", "url", "body"}
_Agreed = tuple[object, object, object]


def groups(folder: Path, size: int) -> Sequence[Group]:
    """What is measured here."""
    chat = str(input_file(folder / "chat.jsonl", size))
    bare = str(input_file(folder / "bare.jsonl", size, is_bare=True))
    wc = Contender("wc -l", ("wc", "-l", chat))
    return (
        Group(
            "line index",
            (
                wc,
                _ours("index", chat, limits={"wc -l": 1.3}, max_mb=16),
                Contender("a list of offsets", (f"{_ME}:naive_index", chat)),
            ),
        ),
        Group(
            "check",
            (
                wc,
                _ours("check", chat, limits={"wc -l": 9, "json.loads": 1 / 3}, max_mb=40),
                _ours("check with its SHA-256", chat, max_mb=40),
                _orjson("check", chat),
                Contender("json.loads", (f"{_ME}:naive", chat)),
            ),
        ),
        Group(
            "wrap",
            (
                Contender("cp", ("cp", bare, str(folder / "copy.jsonl"))),
                _ours("wrap", bare, limits={"cp": 4}, max_mb=40),
                _orjson("wrap", bare),
                Contender("json.loads, json.dumps", (f"{_ME}:naive_wrap", bare)),
            ),
        ),
        Group(
            "split",
            (
                Contender("cp", ("cp", chat, str(folder / "copy.jsonl"))),
                _ours("split", chat, limits={"split -l": 1}, max_mb=40),
                Contender("split -l", ("split", "-l", "7000", chat, str(folder / "part-"))),
                Contender("loop over lines, none read", ("tests.bench.orjson_input:split_unchecked", chat)),
                _orjson("split", chat),
                Contender("json.loads", (f"{_ME}:naive_split", chat)),
            ),
        ),
        Group(
            "first and last page",
            (wc, _ours("pages", chat, max_mb=30), Contender("json.loads", (f"{_ME}:naive_pages", chat))),
        ),
    )


def _ours(
    name: str, path: str, *, limits: dict[str, float] | None = None, max_mb: float | None = None
) -> Contender:
    function = "check_hashed" if name.startswith("check with") else name
    module = "ours_index" if name == "index" else "ours_input"
    return Contender(name, (f"tests.bench.{module}:{function}", path), True, limits, max_mb)


def _orjson(function: str, path: str) -> Contender:
    return Contender(_ORJSON, (f"tests.bench.orjson_input:{function}", path))


def naive_index(path: str) -> None:
    """Where each line begins, in a list."""
    offsets, position = list[int](), 0
    with Path(path).open("rb") as file:
        for line in file:
            offsets.append(position)
            position += len(line)


def naive(path: str) -> None:
    """The script everybody writes: the required fields, one url, one model, no id twice."""
    seen, expected = set[str](), None
    with Path(path).open(encoding="utf-8") as file:
        for line in file:
            expected = _held(json.loads(line), expected, seen)


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


def naive_split(path: str) -> None:
    """Splitting as everybody does: all requests as objects, then so many a file."""
    with Path(path).open(encoding="utf-8") as file:
        requests = [json.loads(line) for line in file]
    for number, first in enumerate(range(0, len(requests), 7000)):
        with Path(path).with_name(f"naive-part-{number}").open("w", encoding="utf-8") as out:
            for request in requests[first : first + 7000]:
                out.write(json.dumps(request, ensure_ascii=False) + "\n")


def naive_pages(path: str) -> None:
    """Showing as everybody does: all of it as objects, then the first and the last fifty."""
    with Path(path).open(encoding="utf-8") as file:
        requests = [json.loads(line) for line in file]
    json.dumps(requests[:50] + requests[-50:], indent=2)
