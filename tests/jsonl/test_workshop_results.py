from __future__ import annotations

import asyncio
import contextlib
import io
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import msgspec
import pytest

from batch_tui.domain.errors import ConditionError, InputFileError, OutputFileError
from batch_tui.domain.files import Progress
from batch_tui.jsonl.results.compared import compare_results
from batch_tui.jsonl.results.export import ExportFormat
from batch_tui.jsonl.results.join import join_results
from batch_tui.jsonl.results.merge import merge_results
from batch_tui.jsonl.results.retry_set import write_retry_set
from batch_tui.jsonl.results.turns import Change, Turn
from batch_tui.jsonl.search import Hit, search_file
from batch_tui.jsonl.worker.calls_results import JoinCall
from batch_tui.jsonl.worker.main import Reply
from batch_tui.jsonl.worker.procedures_results import ResultProcedures
from batch_tui.jsonl.worker.procedures_search import send_hits
from batch_tui.jsonl.worker.process import WorkerProcess
from batch_tui.jsonl.worker.workshop import Workshop
from tests.support.result_files import answer_line, failure_line, request_line, write_lines


@pytest.fixture
async def workshop() -> AsyncIterator[Workshop]:
    workshop = Workshop()
    yield workshop
    await workshop.aclose()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_lines(tmp_path / os.fsdecode(b"caf\xe9 in.jsonl"), [request_line(name) for name in "abcd"])


@pytest.fixture
def results(tmp_path: Path) -> list[list[Path]]:
    lines = [answer_line("c"), failure_line("b"), answer_line("a", text="needle"), failure_line("d", 400, "bad")]
    return [[write_lines(tmp_path / "out.jsonl", lines)]]


async def test_the_worker_joins_and_writes_what_the_functions_write(
    workshop: Workshop, source: Path, results: list[list[Path]], tmp_path: Path
) -> None:
    heard: list[Progress] = []
    joined = await workshop.join(results, input_path=source, on_progress=heard.append)
    here = join_results(results, input_path=source)
    assert [joined.row(index) for index in range(4)] == [here.row(index) for index in range(4)]
    assert joined.summary == here.summary
    assert heard[-1].done == heard[-1].total

    retry = await workshop.retry_set(results, tmp_path / "1", input_path=source, only=frozenset({1, 3}))
    expected = write_retry_set(here, tmp_path / "2", only=frozenset({1, 3}))
    assert (retry.kept, retry.left_out) == (expected.kept, expected.left_out) == (1, joined.summary.causes[1:])
    assert retry.path.read_bytes() == expected.path.read_bytes()

    merged = await workshop.merge(results, tmp_path / "3", input_path=source)
    merged_here = merge_results(here, tmp_path / "4")
    assert (merged.unfinished, merged.causes) == (merged_here.unfinished, merged_here.causes)
    assert merged.path.read_bytes() == merged_here.path.read_bytes()

    exported = await workshop.export(results, tmp_path / "5", ExportFormat.CSV, input_path=source, rows=[0, 2])
    assert (exported.rows, exported.path.read_bytes().count(b"\n")) == (2, 3)


async def test_the_worker_compares_as_the_function_does_and_tells_how_far_it_is(
    workshop: Workshop, source: Path, results: list[list[Path]], tmp_path: Path
) -> None:
    later = [
        [
            write_lines(
                tmp_path / "later.jsonl", [answer_line("b"), answer_line("a"), failure_line("d", 400, "bad")]
            )
        ]
    ]
    heard: list[Progress] = []
    compared = await workshop.compare((results, source), (later, None), on_progress=heard.append)
    here = compare_results(join_results(results, input_path=source), join_results(later))
    assert (compared.first_rows, compared.second_rows) == (here.first_rows, here.second_rows)
    assert [compared.turn(place) for place in range(4)] == [Turn.ANSWER, Turn.GAINED, Turn.ONLY_FIRST, Turn.SAME]
    assert compared.comparison == here.comparison
    assert compared.first.row(0) == here.first.row(0)
    assert compared.first.request_line(0) == request_line("a")
    assert compared.second.result_line(1) == answer_line("a")
    assert [told.done for told in heard] == sorted(told.done for told in heard)
    assert heard[-1].done == heard[-1].total


async def test_a_comparison_that_is_left_ends_the_worker_and_the_next_one_works(
    results: list[list[Path]], tmp_path: Path
) -> None:
    long = [[write_lines(tmp_path / "long", [answer_line(str(number)) for number in range(50_000)])]]
    process = WorkerProcess()
    workshop = Workshop(process)

    def leave(_progress: Progress) -> None:
        comparing.cancel()

    comparing = asyncio.create_task(workshop.compare((long, None), (long, None), on_progress=leave))
    with pytest.raises(asyncio.CancelledError):
        await comparing
    assert process.pid is None
    again = await workshop.compare((results, None), (results, None))
    assert again.comparison.counts[Change.SAME] == 4
    await workshop.aclose()


async def test_hits_come_back_from_the_worker(workshop: Workshop, results: list[list[Path]]) -> None:
    hits = [hit async for hit in workshop.search(results[0][0], "NEEDLE", ignore_case=True)]
    assert hits == list(search_file(results[0][0], "needle"))
    assert [hit.line for hit in hits] == [3]


async def test_a_search_that_is_left_stops_the_worker_and_the_next_call_works(
    workshop: Workshop, source: Path, tmp_path: Path
) -> None:
    large = write_lines(tmp_path / "large", [b"needle " * 100] * 20_000)
    async with aclosing(workshop.search(large, "needle")) as hits:
        assert (await anext(hits)).line == 1
    assert len(await workshop.join([], input_path=source)) == 4


async def test_a_needle_that_makes_no_sense_is_told(workshop: Workshop, source: Path) -> None:
    with pytest.raises(ConditionError):
        await anext(workshop.search(source, "(", regex=True))


async def test_errors_come_back_as_themselves(
    workshop: Workshop, results: list[list[Path]], tmp_path: Path
) -> None:
    with pytest.raises(InputFileError, match="gone"):
        await workshop.join([[tmp_path / "gone"]])
    with pytest.raises(OutputFileError, match="exists already"):
        await workshop.merge(results, results[0][0])


async def test_a_cancelled_join_leaves_a_workshop_that_works(workshop: Workshop, source: Path) -> None:
    joining = asyncio.create_task(workshop.join([], input_path=source))
    await asyncio.sleep(0)
    joining.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await joining
    assert len(await workshop.join([], input_path=source)) == 4


def test_the_last_join_is_kept_until_a_file_changes(source: Path, results: list[list[Path]]) -> None:
    procedures = ResultProcedures()
    out = io.BytesIO()
    call = msgspec.Raw(msgspec.json.encode(JoinCall.of(results, source)))
    first = procedures.join(call, Reply(out))
    told = len(out.getvalue())
    assert told > 0
    assert procedures.join(call, Reply(out)) == first
    assert len(out.getvalue()) == told
    with results[0][0].open("ab") as file:
        file.write(answer_line("b") + b"\n")
    assert procedures.join(call, Reply(out)) != first


def test_a_screenful_of_hits_goes_out_at_once_and_the_rest_in_groups() -> None:
    groups: list[int] = []
    now = [0.0]

    def clock() -> float:
        now[0] += 0.001
        return now[0]

    number = send_hits((Hit(n, 0, 1, 1) for n in range(1, 5001)), lambda group: groups.append(len(group)), clock)
    assert number == sum(groups) == 5000
    assert groups[:2] == [1, 50]
    assert all(size >= 50 for size in groups[1:-1])


def test_a_search_waits_for_no_module_that_it_does_not_need() -> None:
    code = "import sys; import batch_tui.jsonl.worker.procedures_search; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name for name in done.stdout.split() if name.startswith("batch_tui.")}
    assert "batch_tui.jsonl.search" in loaded
    costly = {"batch_tui.jsonl.results.join", "batch_tui.jsonl.results.export", "batch_tui.domain.batch"}
    assert not costly & loaded


def test_the_worker_loads_neither_the_screen_nor_the_network() -> None:
    code = "import sys; import batch_tui.jsonl.worker.procedures_results; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "batch_tui.jsonl.results.join" in done.stdout.split()
    assert not {"textual", "rich", "openai", "httpx2", "pyarrow"} & set(done.stdout.split())
