from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from batch_tui.domain.errors import InputFileError
from batch_tui.domain.limits import OPENAI_LIMITS, Limits
from batch_tui.domain.lineage import GROUP_KEY, PART_KEY
from batch_tui.engine.queueing.parts import PartedOrder, PartMaker, is_only_too_large
from batch_tui.engine.submitting.submission import SubmitOrder
from batch_tui.jsonl.checking.check import check_file
from tests.support.workbench import Workbench

SMALL = replace(OPENAI_LIMITS, max_requests=4)


def write(path: Path, count: int, **body: object) -> Path:
    url = "/v1/embeddings" if body else "/v1/responses"
    lines = (
        {"custom_id": f"r{n}", "method": "POST", "url": url, "body": {"model": "m", "input": "x", **body}}
        for n in range(count)
    )
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


async def parted(
    path: Path, limits: Limits = SMALL, *, max_tokens: int | None = None, name: str | None = "big"
) -> PartedOrder:
    maker = PartMaker(Workbench(), path.parent / "parts", limits=limits)
    report = await maker.check_whole(path)
    order = SubmitOrder(path=path, report=report, endpoint=report.endpoint or "", name=name, metadata={"t": "1"})
    return await maker.parted(order, max_tokens=max_tokens)


async def test_a_file_that_fits_is_left_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "in.jsonl", 4)
    done = await parted(path)
    assert done.group is None
    assert [order.path for order in done.orders] == [path]


async def test_a_file_over_the_limits_becomes_parts_that_are_the_file_to_the_byte(tmp_path: Path) -> None:
    path = write(tmp_path / "in.jsonl", 10)
    done = await parted(path)
    assert b"".join(order.path.read_bytes() for order in done.orders) == path.read_bytes()
    assert [order.report.requests for order in done.orders] == [4, 4, 2]
    assert [order.name for order in done.orders] == ["big 1/3", "big 2/3", "big 3/3"]
    assert [order.metadata for order in done.orders] == [
        {"t": "1", GROUP_KEY: done.group, PART_KEY: f"{n}/3"} for n in (1, 2, 3)
    ]
    assert all(order.report.is_valid for order in done.orders)


async def test_parts_stay_under_what_the_queue_takes(tmp_path: Path) -> None:
    done = await parted(write(tmp_path / "in.jsonl", 6), OPENAI_LIMITS, max_tokens=30)
    assert len(done.orders) > 1
    assert all(order.report.tokens_estimate <= 30 for order in done.orders)


async def test_parts_of_embeddings_stay_under_the_number_of_inputs(tmp_path: Path) -> None:
    limits = replace(OPENAI_LIMITS, max_embedding_inputs=6)
    done = await parted(write(tmp_path / "in.jsonl", 5, input=["a", "b", "c"]), limits)
    assert [order.report.embedding_inputs for order in done.orders] == [6, 6, 3]


async def test_an_id_that_two_parts_would_share_is_found_before_the_file_is_split(tmp_path: Path) -> None:
    path = write(tmp_path / "in.jsonl", 10)
    path.write_bytes(path.read_bytes() * 2)
    report = await PartMaker(Workbench(), tmp_path, limits=SMALL).check_whole(path)
    assert not report.is_valid
    assert not is_only_too_large(report)


async def test_a_line_that_no_part_can_hold_stops_it(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="Line 1"):
        await parted(write(tmp_path / "in.jsonl", 10), max_tokens=5)


async def test_parts_nobody_needs_any_more_are_removed(tmp_path: Path) -> None:
    old, young = tmp_path / "parts" / "old", tmp_path / "parts" / "young"
    for folder in (old, young):
        folder.mkdir(parents=True)
    long_ago = time.time() - 61 * 86_400
    os.utime(old, (long_ago, long_ago))
    await parted(write(tmp_path / "in.jsonl", 5))
    assert young.exists()
    assert not old.exists()


def test_a_file_that_is_only_too_large_is_told_from_one_that_is_wrong(tmp_path: Path) -> None:
    path = write(tmp_path / "in.jsonl", 10)
    assert is_only_too_large(check_file(path, limits=SMALL))
    assert not is_only_too_large(check_file(path))
    path.write_text(path.read_text(encoding="utf-8") + "broken\n", encoding="utf-8")
    assert not is_only_too_large(check_file(path, limits=SMALL))
