from __future__ import annotations

import json

import httpx2
import pytest

from batch_tui.api import pages
from batch_tui.api.connection import Connection
from batch_tui.api.pages import PageReader
from batch_tui.api.replies import Call
from batch_tui.domain.batch import BatchPage

CALL = Call(Connection("https://example.org/v1", "sk-x"), "batches", names_object=False)


def read(reader: PageReader, *entries: object, **more: object) -> BatchPage:
    body = {"object": "list", "data": entries, "has_more": False, "last_id": "z", **more}
    return reader.read(httpx2.Response(200, content=json.dumps(body, indent=2).encode()), CALL, 100)


def test_an_entry_that_did_not_change_is_the_same_batch_again() -> None:
    reader = PageReader()
    first = read(reader, {"id": "a", "status": "validating"}, {"id": "b", "status": "completed"})
    second = read(reader, {"id": "a", "status": "in_progress"}, {"id": "b", "status": "completed"})
    assert second.batches[1] is first.batches[1]
    assert [batch.raw_status for batch in second.batches] == ["in_progress", "completed"]
    assert second.batches[1].raw == '{"id":"b","status":"completed"}'


def test_versions_that_are_past_are_forgotten_and_so_is_everything_when_it_is_too_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pages, "MAX_KEPT", 3)
    reader = PageReader()
    for n in range(50):
        read(reader, {"id": "a", "created_at": 1_000_000 + n})
    assert len(reader._known) == 1
    page = read(reader, *({"id": f"b{n}"} for n in range(10)))
    assert [batch.id for batch in page.batches] == [f"b{n}" for n in range(10)]
    assert len(reader._known) <= 3


@pytest.mark.parametrize("more", [{}, {"has_more": None}, {"last_id": ""}, {"last_id": None}, {"object": 5}])
def test_both_ways_of_reading_a_page_agree(more: dict[str, object]) -> None:
    entries = [{"id": "a", "metadata": {"n": "ü"}}, None, {"id": ""}, 5, {"id": "b"}]
    page = read(PageReader(), *entries, **more)
    assert [batch.id for batch in page.batches] == ["a", "b"]
    assert page.last_id == ("b" if "last_id" in more else "z")
    assert json.loads(page.batches[0].raw) == entries[0]


def test_text_that_is_no_utf_8_is_left_to_the_lenient_reader() -> None:
    body = b'{"data":[{"id":"a"},{"id":"\xff"}],"has_more":false,"last_id":"a"}'
    with pytest.raises(Exception, match="not JSON"):
        PageReader().read(httpx2.Response(200, content=body), CALL, 100)


def test_fault_74_list_of_a_batch_of_megabytes_the_short_fields_are_read_and_the_long_ones_measured() -> None:
    huge = "word " * 500_000
    sound = {
        "id": "a",
        "status": "completed",
        "request_counts": {"total": 3, "completed": 3},
        "other": [1] * 1_000_000,
    }
    batch = read(PageReader(), sound | {"model": huge, "errors": {"data": [{"message": huge}]}}).batches[0]
    assert (batch.id, batch.raw_status, batch.counts.total) == ("a", "completed", 3)
    assert batch.model == "(2,500,002 bytes, not read)"
    assert [error.message.endswith("bytes, not read)") for error in batch.errors] == [True]
    assert len(batch.raw) < len(huge)


def test_fault_74_list_half_a_million_pairs_of_metadata_are_one_that_says_so() -> None:
    many = {f"key {number}": "value" for number in range(500_000)}
    batch = read(PageReader(), {"id": "a", "metadata": many}, {"id": "b"}).batches[0]
    assert [value.endswith("bytes, not read)") for value in batch.metadata.values()] == [True]
    ours = read(PageReader(), {"id": "a", "metadata": {**many, "batch_tui_intent": "u-1"}}).batches[0]
    assert ours.metadata["batch_tui_intent"] == "u-1"


def test_fault_74_list_a_megabyte_in_place_of_metadata_is_none() -> None:
    batch = read(PageReader(), {"id": "a", "metadata": "x" * 2_000_000}, {"id": "b"}).batches[0]
    assert [value.endswith("bytes, not read)") for value in batch.metadata.values()] == [True]


def test_fault_74_list_an_entry_without_a_readable_id_is_left_out_however_long() -> None:
    page = read(
        PageReader(), {"id": "a" * 2_000_000}, {"object": "file", "id": "f", "x": "y" * 2_000_000}, {"id": "b"}
    )
    assert [batch.id for batch in page.batches] == ["b"]
