"""What came back, counted: every request accounted for, failures grouped by cause."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress

from batch_tui.domain.batch import Usage
from batch_tui.domain.lines import Cause, Outcome, Summary
from batch_tui.jsonl.results.columns import HAS_USAGE, MISSING, RANK, REASON_SUCCEEDED, SUCCEEDED, Columns
from batch_tui.jsonl.results.line import usage_of

MAX_MESSAGE = 200
"""Characters of a message that tell its cause."""
LOOKED_AT = 4 * MAX_MESSAGE
"""Characters that are looked at for that: cut a longer message first, it would stay in the cache."""
CUT_SHORT = frozenset({"length", "incomplete"})
"""How an answer ends that ran out of room."""
LONG_INPUT = 100_000
"""Input tokens beyond which an answer is priced by itself: no published price changes below (the first does at
128,000)."""
_EXAMPLES = 3
_TOKEN = re.compile(r"[0-9A-Za-z]+(?:[-_][0-9A-Za-z]+)*")
_HAS_DIGIT = re.compile(r"\d")
_NUMBERS = re.compile(r"\bN(?:[.,:]N)+\b")
_QUANTITY = re.compile(r"\d+([a-z]{0,2})")
_LAST_NUMBER = re.compile(r"(?<=[-_])\d+$|(?<=[a-z])\d+$")
_ID_PREFIXES = ("req_", "org-", "proj_", "file-", "batch_", "call_", "msg_", "resp_", "chatcmpl-", "rs_", "fc_")
_MODEL_PREFIXES = ("gpt-", "o1", "o3", "o4", "text-embedding-", "claude", "gemini", "llama", "qwen", "mistral")


@dataclass(frozen=True, slots=True)
class Strays:
    """Result lines that gave no row its answer."""

    foreign: int = 0
    """Lines whose custom_id no request has, or that have none."""
    duplicate: int = 0
    """Lines beyond the first for their custom_id in one generation."""
    unreadable: int = 0
    """Lines that are not JSON objects."""


@dataclass(frozen=True, slots=True)
class UsageGroup:
    """Tokens of the answers that share one price: prices go by model and tier, request by request."""

    model: str
    service_tier: str
    requests: int
    """Answers that told their tokens."""
    usage: Usage
    """Their sum."""
    long: tuple[Usage, ...] = ()
    """Those of more than :data:`LONG_INPUT` tokens one by one, for some models charge more for them; their tokens
    are part of the sum."""


def summarise(columns: Columns, strays: Strays) -> Summary:
    """Count the rows of a join."""
    counts = Counter(columns.outcomes)
    return Summary(
        requests=len(columns),
        succeeded=counts[SUCCEEDED],
        failed=counts[RANK[Outcome.FAILED]],
        not_run=counts[RANK[Outcome.NOT_RUN]],
        missing=counts[MISSING],
        foreign=strays.foreign,
        duplicate=strays.duplicate,
        unreadable=strays.unreadable,
        truncated=_truncated(columns),
        usage=usage_of([sum(column) for column in columns.token_columns()]),
        causes=causes_of(columns, range(len(columns))),
    )


def causes_of(columns: Columns, rows: Iterable[int]) -> tuple[Cause, ...]:
    """The causes of those of the rows that have no success, most frequent first.

    Args:
        columns: All rows.
        rows: Which of them to group, ascending: the first three of a cause are its examples.
    """
    counts: dict[int, int] = {}
    examples: dict[int, list[int]] = {}
    reasons = columns.reasons
    for row in rows:
        reason = reasons[row]
        if reason == REASON_SUCCEEDED:
            continue
        count = counts[reason] = counts.get(reason, 0) + 1
        if count <= _EXAMPLES:
            examples.setdefault(reason, []).append(row)
    ordered = sorted(counts.items(), key=lambda entry: -entry[1])
    return tuple(_cause(columns, reason, count, examples[reason]) for reason, count in ordered)


def usage_groups(columns: Columns) -> tuple[UsageGroup, ...]:
    """Tokens by model and service tier, the most requests first; answers without usage are left out."""
    totals: dict[tuple[int, int], list[int]] = {}
    long: dict[tuple[int, int], list[Usage]] = {}
    keys = zip(columns.models, columns.tiers, strict=True)
    rows = zip(keys, *columns.token_columns(), strict=True)
    for key, *tokens in compress(rows, map(HAS_USAGE.__and__, columns.flags)):
        total = totals.setdefault(key, [0] * 6)
        total[0] += 1
        for place, count in enumerate(tokens, 1):
            total[place] += count
        if tokens[0] > LONG_INPUT:
            long.setdefault(key, []).append(usage_of(tokens))
    groups = (
        UsageGroup(
            columns.words[key[0]], columns.words[key[1]], total[0], usage_of(total[1:]), tuple(long.get(key, ()))
        )
        for key, total in totals.items()
    )
    return tuple(sorted(groups, key=lambda group: -group.requests))


@lru_cache(maxsize=1024)
def normal_message(message: str) -> str:
    """A message without what differs from request to request, so that like failures group.

    Numbers become ``N``, ids become ``ID``; model names stay. At most :data:`MAX_MESSAGE` characters.
    """
    text = clean(" ".join(message[:LOOKED_AT].split()))
    if _HAS_DIGIT.search(text):
        text = _NUMBERS.sub("N", _TOKEN.sub(_without_digits, text))
    return text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 1] + "…"


def clean(text: str) -> str:
    """Text that can be encoded: lone surrogates become question marks."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def _without_digits(match: re.Match[str]) -> str:
    token = match[0]
    if not _HAS_DIGIT.search(token) or token.lower().startswith(_MODEL_PREFIXES):
        return token
    if quantity := _QUANTITY.fullmatch(token):
        return "N" + quantity[1]
    if token.startswith(_ID_PREFIXES) or any(len(part) >= 8 and _HAS_DIGIT.search(part) for part in _parts(token)):
        return "ID"
    return _LAST_NUMBER.sub("N", token)


def _parts(token: str) -> list[str]:
    return token.replace("_", "-").split("-")


def _cause(columns: Columns, reason: int, count: int, rows: list[int]) -> Cause:
    why = columns.reason_table[reason]
    return Cause(
        outcome=why.outcome,
        status_code=why.status,
        code=why.code,
        message=why.message,
        count=count,
        can_pass=why.can_pass,
        examples=tuple(clean(columns.custom_id(row)) for row in rows),
    )


def _truncated(columns: Columns) -> int:
    cut = {place for place, word in enumerate(columns.words) if word in CUT_SHORT}
    if not cut:
        return 0
    pairs = Counter(zip(columns.outcomes, columns.finishes, strict=True))
    return sum(count for (outcome, finish), count in pairs.items() if outcome == SUCCEEDED and finish in cut)
