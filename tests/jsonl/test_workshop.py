from __future__ import annotations

import asyncio
import contextlib
import io
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from batch_tui.domain.errors import InputFileError, OutputFileError
from batch_tui.domain.files import Progress
from batch_tui.domain.limits import Limits
from batch_tui.domain.problems import Code, Cure
from batch_tui.jsonl.checking.check import check_file
from batch_tui.jsonl.worker.calls import IndexCall
from batch_tui.jsonl.worker.main import Answer, Procedure, Reply, serve
from batch_tui.jsonl.worker.process import WorkerDiedError, WorkerProcess
from batch_tui.jsonl.worker.workshop import Workshop

PATIENCE = 30.0
LINE = (
    b'{"custom_id": "r-%d", "method": "POST", "url": "/v1/chat/completions", '
    b'"body": {"model": "m", "messages": []}}\n'
)


@pytest.fixture
async def workshop() -> AsyncIterator[Workshop]:
    workshop = Workshop()
    yield workshop
    await workshop.aclose()


def names_ending(folder: Path, suffix: str) -> list[str]:
    return [entry.name for entry in folder.iterdir() if entry.name.endswith(suffix)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / os.fsdecode(b"caf\xe9 input.jsonl")
    path.write_bytes(b"".join(LINE % n for n in range(1000)) + b"\n{\n")
    return path


async def test_the_worker_says_what_the_function_says(workshop: Workshop, path: Path) -> None:
    heard: list[Progress] = []
    limits = Limits(max_requests=10)
    report = await workshop.check(path, limits=limits, endpoint="/v1/responses", on_progress=heard.append)
    assert report == check_file(path, limits=limits, endpoint="/v1/responses")
    assert heard[-1] == Progress(report.bytes, report.bytes)


async def test_every_kind_of_work_comes_back_as_its_type(workshop: Workshop, path: Path, tmp_path: Path) -> None:
    index = await workshop.index(path)
    assert len(index) == 1002
    assert await workshop.cure(path, tmp_path / "cured", frozenset({Cure.DROP_BLANK_LINES})) == 1
    parts = await workshop.split(path, tmp_path, max_requests=600)
    assert [part.requests for part in parts] == [600, 402]
    assert sum(part.bytes for part in parts) == index.size
    bare = tmp_path / "bare.jsonl"
    bare.write_bytes(b'{"model":"m","messages":[]}\n')
    wrapped = await workshop.wrap(bare, tmp_path / "wrapped.jsonl")
    assert (wrapped.requests, wrapped.path) == (1, tmp_path / "wrapped.jsonl")


async def test_an_error_crosses_the_pipe_as_itself(workshop: Workshop, path: Path) -> None:
    with pytest.raises(InputFileError, match="does not exist"):
        await workshop.check(path.with_name("missing"))
    with pytest.raises(OutputFileError, match="exists already"):
        await workshop.cure(path, path, frozenset({Cure.STRIP_BOM}))
    assert (await workshop.check(path)).counts == {Code.INVALID_JSON_LINE: 2}


async def test_a_cancelled_check_ends_at_once_and_the_next_one_works(workshop: Workshop, path: Path) -> None:
    endless = path.with_name("endless.jsonl")
    endless.touch()
    os.truncate(endless, 50_000_000_000)
    moving = asyncio.Event()
    checking = asyncio.create_task(workshop.check(endless, on_progress=lambda _: moving.set()), name="check")
    await moving.wait()
    checking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await checking
    assert (await workshop.check(path)).requests == 1001


async def test_a_cancelled_split_leaves_no_half_written_file(workshop: Workshop, tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    row = b"x" * 999 + b"\n"
    source.write_bytes(row * 60_000)
    moving = asyncio.Event()
    splitting = asyncio.create_task(
        workshop.split(source, tmp_path, max_requests=1, on_progress=lambda _: moving.set()), name="split"
    )
    await moving.wait()
    splitting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await splitting
    assert not names_ending(tmp_path, ".part")


async def test_calls_wait_for_each_other(workshop: Workshop, path: Path) -> None:
    reports = await asyncio.gather(*(workshop.check(path) for _ in range(5)))
    assert len({report.sha256 for report in reports}) == 1


async def test_a_worker_that_dies_is_replaced(path: Path) -> None:
    process = WorkerProcess()
    workshop = Workshop(process)
    await workshop.index(path)
    running = process.pid
    assert running is not None
    os.kill(running, 9)
    with contextlib.suppress(WorkerDiedError):
        await workshop.index(path)
    assert len(await workshop.index(path)) == 1002
    assert process.pid != running
    await workshop.aclose()


async def test_a_bug_in_the_worker_is_told_with_its_last_words(path: Path) -> None:
    workshop = Workshop(WorkerProcess((sys.executable, "-c", "raise ZeroDivisionError('oops')")))
    with pytest.raises(WorkerDiedError, match="oops"):
        await workshop.index(path)
    await workshop.aclose()


@pytest.fixture
async def transports(monkeypatch: pytest.MonkeyPatch) -> list[asyncio.SubprocessTransport]:
    """What holds the pipes of each process that is started."""
    loop, started = asyncio.get_running_loop(), list[asyncio.SubprocessTransport]()
    start = loop.subprocess_exec

    async def watched(
        protocol: Callable[[], asyncio.SubprocessProtocol], *command: str, stdin: int, stdout: int, stderr: int
    ) -> tuple[asyncio.SubprocessTransport, asyncio.SubprocessProtocol]:
        transport, made = await start(protocol, *command, stdin=stdin, stdout=stdout, stderr=stderr)
        started.append(transport)
        return transport, made

    monkeypatch.setattr(loop, "subprocess_exec", watched)
    return started


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - a process tells nobody
            await asyncio.sleep(0)


def is_closed(transport: asyncio.SubprocessTransport) -> bool:
    pipes = [transport.get_pipe_transport(fd) for fd in range(3)]
    return transport.is_closing() and all(pipe is not None and pipe.is_closing() for pipe in pipes)


@pytest.mark.parametrize("cancellations", [1, 2])
async def test_fault_70_state_the_end_waits_for_a_worker_that_a_cancelled_call_leaves_behind(
    path: Path, transports: list[asyncio.SubprocessTransport], cancellations: int
) -> None:
    worker = WorkerProcess((sys.executable, "-c", "import time; time.sleep(600)"))
    call = asyncio.create_task(worker.call("check", IndexCall(os.fsencode(path))))
    await until(lambda: worker.pid is not None)
    pid = transports[0].get_pid()
    os.kill(pid, signal.SIGSTOP)  # it can't leave when it's asked
    for _ in range(cancellations):
        call.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    await worker.aclose()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert all(map(is_closed, transports))


async def test_fault_70_state_the_pipes_of_a_worker_that_died_are_closed_with_the_screen(
    path: Path, transports: list[asyncio.SubprocessTransport]
) -> None:
    workshop = Workshop()
    await workshop.check(path)
    (transport,) = transports
    os.kill(transport.get_pid(), signal.SIGKILL)
    await until(lambda: transport.get_returncode() is not None)
    await workshop.aclose()
    assert is_closed(transport)


async def test_fault_70_state_a_worker_that_died_is_closed_before_another_takes_its_place(
    path: Path, transports: list[asyncio.SubprocessTransport]
) -> None:
    workshop = Workshop()
    await workshop.check(path)
    os.kill(transports[0].get_pid(), signal.SIGKILL)
    await until(lambda: transports[0].get_returncode() is not None)
    await workshop.check(path)
    assert [is_closed(transport) for transport in transports] == [True, False]
    await workshop.aclose()
    assert all(map(is_closed, transports))


async def test_closing_twice_or_unused_is_fine() -> None:
    workshop = Workshop()
    await workshop.aclose()
    await workshop.aclose()


async def test_the_worker_is_niced_and_imports_little(path: Path) -> None:
    script = (
        "import os, sys, batch_tui.jsonl.worker.main as w; "
        "print(os.getpriority(os.PRIO_PROCESS, 0), sorted({'textual', 'openai', 'asyncio'} & set(sys.modules)))"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-c", script, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert out.endswith(b" []\n")
    worker = WorkerProcess()
    await Workshop(worker).index(path)
    assert worker.pid is not None
    assert os.getpriority(os.PRIO_PROCESS, worker.pid) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10)
    await worker.aclose()


def test_items_come_before_the_answer_and_columns_after_it() -> None:
    def procedure(call: msgspec.Raw, reply: Reply, /) -> Answer:
        reply.progress(Progress(1, None))
        reply.items([1, 2])
        return Answer(msgspec.json.decode(call, type=str), (b"\n\0", b"abc"))

    def find(name: str) -> Procedure:
        assert name == "anything"
        return procedure

    out = io.BytesIO()
    serve(io.BytesIO(b'{"name":"anything","call":"x"}\n'), out, find)
    assert out.getvalue() == (b'{"progress":[1,null]}\n{"items":[1,2]}\n{"value":"x","columns":[2,3]}\n\n\0abc')


async def test_items_of_a_stream_arrive_and_the_worker_stays() -> None:
    script = (
        "import io, sys, os, msgspec\n"
        "from batch_tui.jsonl.worker.main import serve, Answer\n"
        "def find(name):\n"
        "    def go(call, reply):\n"
        "        reply.items([1, 2]); reply.items([os.getpid()])\n"
        "        return Answer(True)\n"
        "    return go\n"
        "serve(sys.stdin.buffer, sys.stdout.buffer, find)\n"
    )

    class Nothing(msgspec.Struct):
        pass

    process = WorkerProcess((sys.executable, "-c", script))
    first = [bytes(item) async for item in process.stream("x", Nothing())]
    second = [bytes(item) async for item in process.stream("x", Nothing())]
    assert first == second
    assert first[:2] == [b"1", b"2"]
    stream = process.stream("x", Nothing())
    assert bytes(await anext(stream)) == b"1"
    await stream.aclose()
    assert process.pid is None
    await process.aclose()
