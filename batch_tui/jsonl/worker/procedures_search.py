"""The worker's procedure that searches a file: alone, because the first hits are waited for."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from batch_tui.jsonl.search import Hit, search_file
from batch_tui.jsonl.worker.calls_search import SearchCall
from batch_tui.jsonl.worker.main import Answer, Procedure, Reply

FIRST_HITS = 50
"""Hits that go out together at the start: a screenful, as soon as it's there."""
_MOST_HITS = 2_000
_HITS_SECONDS = 0.05


def search(call: msgspec.Raw, reply: Reply, /) -> Answer:
    """Search a file; hits go out in groups, the first as soon as they are there."""
    wanted = msgspec.json.decode(call, type=SearchCall)
    hits = search_file(
        Path(os.fsdecode(wanted.path)),
        wanted.needle.decode(errors="surrogatepass"),
        ignore_case=wanted.ignore_case,
        regex=wanted.regex,
        on_progress=reply.progress,
    )
    return Answer(send_hits(hits, reply.items))


def send_hits(
    hits: Iterable[Hit], send: Callable[[list[object]], None], clock: Callable[[], float] = time.monotonic
) -> int:
    """Pass hits on in groups: a screenful at once, then at most twenty groups a second.

    Returns:
        How many there were.
    """
    group: list[object] = []
    number = 0
    due = clock()
    for hit in hits:
        number += 1
        group.append((hit.line, hit.start, hit.column, hit.length))
        is_due = len(group) >= FIRST_HITS and clock() >= due
        if number == 1 or is_due or len(group) >= _MOST_HITS:
            send(group)
            group = []
            due = clock() + (_HITS_SECONDS if number > 1 else 0)
    if group:
        send(group)
    return number


PROCEDURES: Mapping[str, Procedure] = {"search": search}
"""What the worker finds here."""
