"""What a good user writes with orjson for results: one pass of each file, small rows kept, raw lines written."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NotRequired, TypedDict

import orjson

_OK = 200
_WORTH_A_RETRY = {408, 409, 429}
_SERVER = 500
_TEN = 10


class _Message(TypedDict):
    content: str


class _Choice(TypedDict):
    message: _Message
    finish_reason: str


class _Error(TypedDict):
    code: str | None
    message: str


class _Usage(TypedDict):
    prompt_tokens: int
    prompt_tokens_details: Mapping[str, int]
    completion_tokens: int
    completion_tokens_details: Mapping[str, int]
    total_tokens: int


class _Body(TypedDict):
    choices: list[_Choice]
    usage: _Usage
    model: str
    service_tier: str
    error: NotRequired[_Error]


class _Response(TypedDict):
    status_code: int
    body: _Body


class Result(TypedDict):
    """A line of an output or error file."""

    custom_id: str
    response: _Response | None
    error: _Error | None


Row = tuple[str | int | None, ...]
"""The columns of an export, in their order."""
_Facts = tuple[int | None, str | None, str | None, int]
"""Status, code, finish reason, tokens."""


def _lines(*paths: str) -> Iterator[tuple[bytes, Result]]:
    for path in paths:
        with Path(path).open("rb") as file:
            for line in file:
                yield line, orjson.loads(line)


def _ids(source: str) -> Iterator[tuple[bytes, str]]:
    return ((line, request["custom_id"]) for line, request in _lines(source))


def _facts(result: Result) -> _Facts:
    response = result["response"]
    if response is None:
        error = result["error"]
        return None, error["code"] if error else None, None, 0
    body = response["body"]
    if response["status_code"] != _OK:
        return response["status_code"], body["error"]["code"] if "error" in body else None, None, 0
    return _OK, None, body["choices"][0]["finish_reason"], body["usage"]["total_tokens"]


def _may_pass(status: int | None) -> bool:
    return status is None or status in _WORTH_A_RETRY or status >= _SERVER


def join(source: str, output: str, errors: str) -> None:
    """Join, summary and retry set: rows by id, then the input once."""
    facts = {result["custom_id"]: _facts(result) for _, result in _lines(output, errors)}
    causes, tokens = Counter[tuple[int | None, str | None]](), 0
    with Path(output).with_suffix(".orjson").open("wb") as retry:
        for line, custom_id in _ids(source):
            status, code, _, used = facts.get(custom_id, (None, "missing", None, 0))
            causes[status, code] += 1
            tokens += used
            if status != _OK and _may_pass(status):
                retry.write(line)
    if not tokens:
        raise ValueError(output)


def retry_set(source: str, output: str, errors: str) -> None:
    """The retry set alone: the ids that are done with, then the input once."""
    done = {
        result["custom_id"]
        for _, result in _lines(output, errors)
        if result["response"] and not ((status := result["response"]["status_code"]) != _OK and _may_pass(status))
    }
    with Path(output).with_suffix(".orjson").open("wb") as retry:
        retry.writelines(line for line, custom_id in _ids(source) if custom_id not in done)


def search(output: str, needle: str) -> None:
    """The text in each answer, whatever its escapes."""
    for n, (_, result) in enumerate(_lines(output)):
        response = result["response"]
        if response and (at := response["body"]["choices"][0]["message"]["content"].find(needle)) >= 0:
            _hit(n, at)


def search_bytes(output: str, needle: str) -> None:
    """The bytes in each line: right for a needle of plain letters."""
    raw = needle.encode()
    with Path(output).open("rb") as file:
        for n, line in enumerate(file):
            if (at := line.find(raw)) >= 0:
                _hit(n, at)


def _hit(line: int, at: int) -> tuple[int, int]:
    return line, at


def filters(output: str, errors: str) -> list[int]:
    """One pass that keeps small rows, ten times by the tokens; gives what the last time found."""
    rows = [_facts(result) for _, result in _lines(output, errors)]
    found: list[int] = []
    for _ in range(_TEN):
        found = [n for n, row in enumerate(rows) if row[3] > 1000]
    return found


def merge(source: str, output: str, errors: str) -> None:
    """Raw lines by id, in input order; what has none gets a line that says so."""
    results = {result["custom_id"]: line for line, result in _lines(output, errors)}
    with Path(output).with_suffix(".orjson").open("wb") as out:
        for _, custom_id in _ids(source):
            out.write(results.get(custom_id) or _missing(custom_id))


def _missing(custom_id: str) -> bytes:
    error = {"code": "missing", "message": "No file answers this request."}
    line = {"id": None, "custom_id": custom_id, "response": None, "error": error}
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def export_csv(source: str, output: str, errors: str) -> None:
    """CSV in input order with the columns that ours has."""
    rows = {result["custom_id"]: row(result) for _, result in _lines(output, errors)}
    with Path(output).with_suffix(".orjson").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        for _, custom_id in _ids(source):
            writer.writerow(rows.get(custom_id) or missing_row(custom_id))


def missing_row(custom_id: str) -> Row:
    """The row of a request without an answer."""
    return (custom_id, "missing", *[None] * 12)


def row(result: Result) -> Row:
    """A result's columns, in the order of our export."""
    response, error = result["response"], result["error"]
    if response is None:
        code, message = (error["code"], error["message"]) if error else (None, None)
        return (result["custom_id"], "not_run", None, code, message, *[None] * 9)
    body = response["body"]
    head = (result["custom_id"], "succeeded" if response["status_code"] == _OK else "failed")
    if "error" in body:
        failure = body["error"]
        return (*head, response["status_code"], failure["code"], failure["message"], *[None] * 9)
    choice, usage = body["choices"][0], body["usage"]
    return (
        *head,
        response["status_code"],
        None,
        None,
        choice["finish_reason"],
        body["model"],
        body["service_tier"],
        usage["prompt_tokens"],
        usage["prompt_tokens_details"]["cached_tokens"],
        usage["completion_tokens"],
        usage["completion_tokens_details"]["reasoning_tokens"],
        usage["total_tokens"],
        choice["message"]["content"],
    )
