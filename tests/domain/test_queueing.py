from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.domain.batch import Batch, BatchError
from batch_tui.domain.queueing import (
    LONGEST_PAUSE,
    QueueEntry,
    QueueStage,
    Room,
    TokenLimit,
    is_refused_for_tokens,
    limit_of,
    queued_tokens,
)
from batch_tui.domain.status import BatchStatus

FULL = (
    "Enqueued token limit reached for gpt-4o-mini in organization org-abc. Limit: 2,000,000 enqueued tokens. "
    "Please try again once some in_progress batches have been completed."
)
ENTRY = QueueEntry("e", "/in.jsonl", "hash", "/v1/responses", "m", tokens=100, requests=1, created_at=0.0)


def failed(message: str, code: str = "token_limit_exceeded", model: str | None = None) -> Batch:
    return Batch("b", BatchStatus.FAILED, errors=(BatchError(code, message),), model=model)


def room(*, queued: int = 0, limit: int | None = None, creations: tuple[float, ...] = (), hourly: int = 9) -> Room:
    return Room({"m": queued}, {} if limit is None else {"m": limit}, creations, hourly)


@pytest.mark.parametrize(
    ("message", "limit"),
    [
        (
            FULL,
            TokenLimit("gpt-4o-mini", 2_000_000),
        ),
        (
            "Enqueued token limit reached for an-embedding-3 in organisation o. Limit: 90000 enqueued tokens.",
            TokenLimit("an-embedding-3", 90_000),
        ),
        ("ENQUEUED TOKEN LIMIT REACHED. LIMIT: 5.000 ENQUEUED TOKENS", TokenLimit("its-model", 5_000)),
        ("Enqueued token limit reached for m in organization o.", None),
        ("Limit: no enqueued tokens", None),
        ("", None),
    ],
)
def test_the_limit_is_read_from_the_refusals_words(message: str, limit: TokenLimit | None) -> None:
    assert limit_of(failed(message, model="its-model")) == limit


def test_a_refusal_is_known_by_its_code_or_its_words() -> None:
    assert is_refused_for_tokens(failed("whatever"))
    assert is_refused_for_tokens(failed("Limit: 5 enqueued tokens", code="other"))
    assert not is_refused_for_tokens(failed("Wrong url.", code="invalid_url"))
    assert not is_refused_for_tokens(replace(failed("whatever"), status=BatchStatus.COMPLETED))


@pytest.mark.parametrize(
    ("where", "is_free"),
    [
        (room(), True),
        (room(queued=10**12), True),
        (room(queued=100, limit=200), True),
        (room(queued=101, limit=200), False),
        (room(limit=50), True),
        (room(creations=(1.0, 2.0), hourly=2), False),
        (room(creations=(1.0, 2.0), hourly=3), True),
        (room(creations=(-3600.0, 2.0), hourly=2), True),
    ],
)
def test_an_entry_goes_when_tokens_and_creations_leave_room(where: Room, *, is_free: bool) -> None:
    assert (where.obstacle(ENTRY, 3.0) == "") == is_free


def test_a_refused_entry_waits_longer_each_time_and_never_for_ever() -> None:
    entry, pauses = ENTRY, []
    for _ in range(8):
        entry = entry.refused(1000.0, "full")
        pauses.append(entry.not_before - 1000.0)
        assert entry.stage is QueueStage.WAITING
        assert entry.intent is None
        assert room().obstacle(entry, entry.not_before - 1) == "full"
        assert room().obstacle(entry, entry.not_before) == ""
    assert pauses == sorted(pauses)
    assert pauses[0] == 60.0
    assert pauses[-1] == LONGEST_PAUSE


@given(st.lists(st.tuples(st.sampled_from("mn"), st.integers(0, 99), st.booleans())))
def test_only_what_has_not_ended_is_queued(rows: list[tuple[str, int, bool]]) -> None:
    batches = [
        Batch(str(place), BatchStatus.COMPLETED if is_done else BatchStatus.IN_PROGRESS)
        for place, (_, _, is_done) in enumerate(rows)
    ]
    known = {str(place): (model, tokens) for place, (model, tokens, _) in enumerate(rows)}
    queued = queued_tokens([*batches, Batch("foreign", model="m")], known)
    for model in "mn":
        assert queued.get(model, 0) == sum(t for name, t, is_done in rows if name == model and not is_done)
