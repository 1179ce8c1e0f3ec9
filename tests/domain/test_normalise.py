from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.domain.batch import INTENT_KEY, Batch, BatchError, RequestCounts, Usage
from batch_tui.domain.bounds import MAX_ERRORS, MAX_PAIRS, SUM_LIMIT, TEXT_LIMIT, VALUE_LIMIT, bounded
from batch_tui.domain.normalise import (
    batch_from_wire,
    batch_to_wire,
    file_from_wire,
    is_page,
    page_of,
    timestamp,
)
from batch_tui.domain.status import BatchStatus

WIRE: Mapping[str, object] = {
    "id": "batch_abc",
    "object": "batch",
    "endpoint": "/v1/chat/completions",
    "errors": None,
    "input_file_id": "file-in",
    "completion_window": "24h",
    "status": "completed",
    "output_file_id": "file-out",
    "error_file_id": "",
    "created_at": 1_711_471_533,
    "in_progress_at": 1_711_471_538,
    "expires_at": 1_711_557_933,
    "finalizing_at": 1_711_493_133,
    "completed_at": 1_711_493_163,
    "failed_at": None,
    "expired_at": None,
    "cancelling_at": None,
    "cancelled_at": None,
    "request_counts": {"total": 100, "completed": 95, "failed": 5},
    "metadata": {"name": "nightly"},
    "model": "gpt-5-mini",
    "usage": {
        "input_tokens": 1,
        "input_tokens_details": {"cached_tokens": 2},
        "output_tokens": 3,
        "output_tokens_details": {"reasoning_tokens": 4},
        "total_tokens": 4,
    },
}

FIELDS = sorted(WIRE)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**60, max_value=10**70),
    st.floats(),
    st.text(st.characters(exclude_categories=()), max_size=12),
    st.sampled_from(
        ["completed", "PROGRESS", "2024-03-26T16:45:33Z", "1711471533", "1e400", "nan", "batch", "file"]
    ),
)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.one_of(st.sampled_from(["data", "value", "id", "code", "total", *FIELDS]), st.text()), inner
        ),
    ),
    max_leaves=12,
)
almost_a_batch = st.fixed_dictionaries(
    {"id": st.one_of(st.just("batch_1"), scalars)},
    optional={name: anything for name in FIELDS if name != "id"},
)


def read(**changes: object) -> Batch:
    batch = batch_from_wire({**WIRE, **changes})
    assert batch is not None
    return batch


def test_a_batch_of_the_service_is_read_in_full() -> None:
    batch = batch_from_wire(WIRE, text="{}")
    assert batch is not None
    assert (batch.id, batch.status, batch.raw_status, batch.raw) == (
        "batch_abc",
        BatchStatus.COMPLETED,
        "completed",
        "{}",
    )
    assert (batch.output_file_id, batch.error_file_id) == ("file-out", None)
    assert batch.counts == RequestCounts(100, 95, 5)
    assert batch.times.created == 1_711_471_533
    assert batch.times.ended == 1_711_493_163
    assert batch.usage == Usage(1, 2, 3, 4, 4)
    assert batch.name == "nightly"


def test_what_is_written_for_the_service_s_batch_has_its_field_names() -> None:
    assert batch_to_wire(read()) == {**WIRE, "error_file_id": None}


@given(st.one_of(anything, almost_a_batch))
def test_no_json_value_makes_the_readers_raise_and_each_batch_survives_the_round_trip(raw: object) -> None:
    file_from_wire(raw)
    timestamp(raw)
    entries, _, cursor = page_of(raw, limit=2)
    assert is_page(raw) or not entries
    assert cursor is None or cursor
    batch = batch_from_wire(raw)
    if batch is None:
        return
    wire = batch_to_wire(batch)
    assert batch_from_wire(wire) == batch
    again = batch_from_wire(json.loads(json.dumps(wire, ensure_ascii=False).encode()))
    assert again == batch


@given(almost_a_batch)
def test_times_and_counts_are_always_small_enough_to_format(raw: object) -> None:
    batch = batch_from_wire(raw)
    if batch is None:
        return
    times = (getattr(batch.times, name) for name in batch.times.__slots__)
    assert all(t is None or 0 < t < 253_402_300_800 for t in times)
    assert all(abs(n) <= 10**15 for n in (batch.counts.total, batch.counts.completed, batch.counts.failed))


@pytest.mark.parametrize(
    ("raw", "seconds"),
    [
        (1_711_471_533, 1_711_471_533),
        (1_711_471_533.9, 1_711_471_533),
        (1_711_471_533_000, 1_711_471_533),
        (1_711_471_533_000_000, 1_711_471_533),
        (1_711_471_533_000_000_000, 1_711_471_533),
        ("1711471533", 1_711_471_533),
        (" 2024-03-26T16:45:33Z ", 1_711_471_533),
        ("2024-03-26T17:45:33+01:00", 1_711_471_533),
        ("2024-03-26T16:45:33", 1_711_471_533),
        ("2024-03-26 16:45:33.250", 1_711_471_533),
        ("2024-03-26", 1_711_411_200),
    ],
)
def test_fault_40_list_times_in_every_spelling_are_the_same_moment(raw: object, seconds: int) -> None:
    assert timestamp(raw) == seconds


@pytest.mark.parametrize(
    "raw",
    [
        None, True, 0, -5, 0.3, 1e30, 10**400, float("nan"), float("inf"), "", "soon", "nan",
        "0001-01-01T00:00:00Z", "9" * 5000, [], {},
    ],
)  # fmt: skip
def test_fault_40_poll_a_time_nobody_can_mean_is_no_time(raw: object) -> None:
    assert timestamp(raw) is None


@pytest.mark.parametrize(
    "raw", [None, 5, "x", [], {}, {"id": ""}, {"id": None}, {"id": []}, {"id": "x", "object": "list"}]
)
def test_fault_39_poll_a_reply_without_an_id_or_of_another_kind_is_no_batch(raw: object) -> None:
    assert batch_from_wire(raw) is None


def test_fault_39_list_missing_null_and_wrong_typed_fields_read_as_absent() -> None:
    batch = batch_from_wire(
        {"id": 17, "status": ["x"], "request_counts": None, "errors": 3, "metadata": "m", "usage": 0}
    )
    assert batch == Batch(id="17")


def test_an_id_may_be_of_any_length_and_alphabet() -> None:
    long = "bGl0ZWxsbS" * 50 + "é/?#"
    assert read(id=long).id == long


def test_fault_38_poll_an_unknown_status_is_kept_verbatim_and_has_not_ended() -> None:
    batch = read(status="Paused!")
    assert (batch.status, batch.raw_status, batch.is_terminal) == (BatchStatus.UNKNOWN, "Paused!", False)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("PROGRESS", BatchStatus.IN_PROGRESS),
        ("canceled", BatchStatus.CANCELLED),
        ("Completed", BatchStatus.COMPLETED),
    ],
)
def test_fault_38_list_other_servers_words_are_understood(word: str, status: BatchStatus) -> None:
    assert read(status=word).status is status


@pytest.mark.parametrize(
    ("raw", "counts"),
    [
        (None, RequestCounts()),
        ({"total": 7}, RequestCounts(7)),
        ({"total": 3, "completed": -3, "failed": 9}, RequestCounts(3, -3, 9)),
        ({"total": "12", "completed": 4.0, "failed": None}, RequestCounts(12, 4, 0)),
        ({"total": float("inf"), "completed": 1e300}, RequestCounts(0, 10**15, 0)),
    ],
)
def test_fault_47_list_counts_are_kept_as_sent(raw: object, counts: RequestCounts) -> None:
    assert read(request_counts=raw).counts == counts


ONE = BatchError("invalid_json_line", "no JSON", None, 3)


@pytest.mark.parametrize(
    ("raw", "errors"),
    [
        (None, ()),
        ([], ()),
        ([{"code": "invalid_json_line", "message": "no JSON", "param": None, "line": 3}], (ONE,)),
        ({"object": "list", "data": [{"code": "invalid_json_line", "message": "no JSON", "line": 3}]}, (ONE,)),
        ({"data": None}, ()),
        ({"code": "x", "message": "alone"}, (BatchError("x", "alone"),)),
        ("a sentence", (BatchError(message="a sentence"),)),
        (["a", None, "", {"line": 0}], (BatchError(message="a"), BatchError())),
    ],
)
def test_errors_are_read_in_every_shape(raw: object, errors: tuple[BatchError, ...]) -> None:
    assert read(errors=raw).errors == errors


def test_a_flood_of_errors_is_bounded_and_the_last_entry_counts_the_rest() -> None:
    errors = read(errors=["x"] * 5000).errors
    assert len(errors) == MAX_ERRORS
    assert errors[-1].message == "(4,001 more, not kept here)"
    assert len(read(errors=["x"] * MAX_ERRORS).errors) == MAX_ERRORS


HUGE = "word " * 2_000_000
HUGE_FIELDS = {
    "status": HUGE,
    "endpoint": HUGE,
    "model": HUGE,
    "input_file_id": HUGE,
    "output_file_id": HUGE,
    "error_file_id": HUGE,
    "completion_window": HUGE,
    "errors": {"data": [{"code": HUGE, "message": HUGE, "param": HUGE}] * 400},
    "metadata": {f"{number}{HUGE[:9999]}": HUGE for number in range(400)} | {INTENT_KEY: "nonce"},
}


def test_fault_74_list_of_ten_megabytes_of_text_little_is_kept_and_it_says_so() -> None:
    batch = batch_from_wire({"id": "b", **HUGE_FIELDS}, text=HUGE)
    assert batch is not None
    words = (batch.raw_status, batch.endpoint, batch.model, batch.input_file_id, batch.output_file_id)
    assert all(word and word.endswith("… (10,000,000 characters in all)") for word in words)
    assert max(len(word) for word in words if word) == TEXT_LIMIT
    assert len(batch.raw) == SUM_LIMIT
    assert sum(len(e.code) + len(e.message) + len(e.param or "") for e in batch.errors) <= SUM_LIMIT
    assert batch.errors[-1].message.endswith("more, not kept here)")
    assert len(batch.metadata) <= MAX_PAIRS
    assert max(map(len, batch.metadata.values())) == VALUE_LIMIT
    assert batch.metadata["…"] == "(338 more, not kept here)"


def test_fault_74_create_the_intent_is_found_however_much_metadata_a_server_adds() -> None:
    batch = batch_from_wire({"id": "b", "metadata": {**dict.fromkeys(map(str, range(500)), "x"), INTENT_KEY: "n"}})
    assert batch is not None
    assert batch.metadata[INTENT_KEY] == "n"


def test_fault_74_state_what_was_cut_once_stays_as_it_is() -> None:
    batch = batch_from_wire({"id": "b", **HUGE_FIELDS})
    assert batch is not None
    assert batch_from_wire(batch_to_wire(batch)) == batch


def test_fault_74_poll_an_id_that_no_url_can_hold_is_none() -> None:
    assert batch_from_wire({"id": HUGE}) is None
    assert file_from_wire({"id": HUGE}) is None
    assert page_of({"data": [{"id": "a"}], "last_id": HUGE}) == ([{"id": "a"}], False, "a")


@given(st.text(max_size=200), st.integers(40, 120))
def test_what_is_short_enough_is_kept_as_it_is_and_nothing_is_longer(text: str, limit: int) -> None:
    kept = bounded(text, limit)
    assert len(kept) <= limit
    assert kept == text or kept.endswith(f"({len(text)} characters in all)")
    assert (kept == text) == (len(text) <= limit)


def test_metadata_values_become_text_and_what_has_none_is_left_out() -> None:
    batch = read(metadata={"a": "1", "b": 2, "c": True, "d": None, "e": [1]})
    assert dict(batch.metadata) == {"a": "1", "b": "2", "c": "true"}


def test_usage_is_read_under_the_older_names_too() -> None:
    raw = {
        "prompt_tokens": 5,
        "completion_tokens": 6,
        "prompt_tokens_details": {"cached_tokens": 1},
        "total_tokens": -1,
    }
    assert read(usage=raw).usage == Usage(5, 1, 6, 0, 0)


def test_fault_75_list_lone_surrogates_are_replaced_so_that_text_can_be_stored() -> None:
    batch = read(id="b\ud800", metadata={"k\udfff": "v\ud800"})
    assert (batch.id, dict(batch.metadata)) == ("b?", {"k?": "v?"})


@pytest.mark.parametrize(
    ("raw", "limit", "page"),
    [
        ([{"id": "a"}, {"id": "b"}], None, (2, False, "b")),
        ([{"id": "a"}, {"id": "b"}], 2, (2, True, "b")),
        ({"data": [{"id": "a"}], "has_more": True, "last_id": "z"}, 100, (1, True, "z")),
        ({"data": [{"id": "a"}], "has_more": False, "last_id": None}, 1, (1, False, "a")),
        ({"value": [{"id": "a"}, 5], "last_id": ""}, 100, (2, False, "a")),
        ({"data": [{"id": "a"}]}, 1, (1, True, "a")),
        ({"data": None, "has_more": True}, 100, (0, True, None)),
        ({"data": [], "has_more": True}, 100, (0, True, None)),
        ({"object": "list"}, 100, (0, False, None)),
        ("<html>", 100, (0, False, None)),
    ],
)
def test_fault_44_list_pages_are_read_in_every_shape(
    raw: object,
    limit: int | None,
    page: tuple[int, bool, str | None],
) -> None:
    entries, has_more, last_id = page_of(raw, limit=limit)
    assert (len(entries), has_more, last_id) == page


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ([], True),
        ({"data": []}, True),
        ({"value": None}, True),
        ({"object": "list"}, True),
        ({"error": {}}, False),
        ("", False),
    ],
)
def test_a_page_is_told_from_what_is_none(raw: object, *, expected: bool) -> None:
    assert is_page(raw) is expected


def test_a_file_is_read_and_a_batch_is_no_file() -> None:
    file = file_from_wire(
        {"id": "file-1", "object": "file", "bytes": "12", "filename": "a.jsonl", "created_at": 5.0}
    )
    assert file is not None
    assert (file.id, file.bytes, file.filename, file.created_at, file.expires_at) == (
        "file-1",
        12,
        "a.jsonl",
        5,
        None,
    )
    assert file_from_wire({"id": "batch_1", "object": "batch"}) is None


@pytest.mark.parametrize("size", [None, -1, "many", [], True])
def test_a_size_that_is_none_is_unknown(size: object) -> None:
    file = file_from_wire({"id": "file-1", "bytes": size})
    assert file is not None
    assert file.bytes is None
