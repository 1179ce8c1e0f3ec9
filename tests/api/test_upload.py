from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
from pathlib import Path

import httpx2
import pytest
from blockbuster import BlockBuster

from batch_tui.api.client import OpenAIService
from batch_tui.api.connection import Connection
from batch_tui.api.upload import SourceFile, safe_name
from batch_tui.domain.errors import (
    BatchTuiError,
    Effect,
    FileChangedError,
    InputFileError,
    NotTheApiError,
    RateLimitedError,
    RefusedError,
    ServerFaultError,
    ServiceError,
    TransferStalledError,
    UnauthorizedError,
    UnreachableError,
)
from batch_tui.domain.files import Progress
from tests.api.conftest import KEY
from tests.support.faults import (
    Fault,
    FaultServer,
    close,
    corrupt_gzip,
    cut_json,
    deaf,
    drip,
    early_eof,
    garbage,
    hang_in_body,
    portal,
    redirect,
    refuse_while_sending,
    reset,
    reset_in_body,
    say,
    short_chunked,
    short_length,
    silence,
    status,
)

CONTENT = b'{"custom_id":"a"}\n' * 20_000


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "input.jsonl"
    path.write_bytes(CONTENT)
    return path


async def failure(service: OpenAIService, path: Path, sha256: str | None = None) -> BatchTuiError:
    with pytest.raises(BatchTuiError) as caught:
        await service.upload_file(path, name=path.name, sha256=sha256)
    message = str(caught.value)
    assert KEY not in message
    assert message.isprintable()
    return caught.value


async def test_a_file_arrives_to_the_byte_under_its_name_with_its_expiry(
    server: FaultServer, service: OpenAIService, source: Path
) -> None:
    file = await service.upload_file(
        source, name="in put.jsonl", sha256=hashlib.sha256(CONTENT).hexdigest(), expires_after=3600
    )
    (stored,) = server.files.values()
    assert (stored.content, stored.name, stored.purpose) == (CONTENT, "in put.jsonl", "batch")
    assert (file.id, file.bytes, file.filename) == (stored.id, len(CONTENT), "in put.jsonl")
    body = server.seen[-1].body
    assert b'name="expires_after[anchor]"\r\n\r\ncreated_at' in body
    assert b'name="expires_after[seconds]"\r\n\r\n3600' in body
    assert b'name="purpose"\r\n\r\nbatch' in body


async def test_an_empty_file_is_sent_as_it_is(server: FaultServer, service: OpenAIService, tmp_path: Path) -> None:
    path = tmp_path / "empty.jsonl"
    path.touch()
    file = await service.upload_file(path, name=path.name)
    assert server.files[file.id].content == b""


async def test_progress_counts_every_byte_and_ends_with_the_whole(service: OpenAIService, source: Path) -> None:
    seen: list[Progress] = []
    await service.upload_file(source, name=source.name, on_progress=seen.append)
    assert seen[-1] == Progress(len(CONTENT), len(CONTENT))
    assert [p.done for p in seen] == sorted(p.done for p in seen)
    assert all(p.total == len(CONTENT) for p in seen)


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        pytest.param(reset(after=False), UnreachableError, "was lost", id="fault_06_upload_reset"),
        pytest.param(close(after=False), UnreachableError, "", id="fault_06_upload_close"),
        pytest.param(reset(after=True), UnreachableError, "was lost", id="fault_07_upload_reset_after"),
        pytest.param(close(after=True), UnreachableError, "without an answer", id="fault_08_upload_close_after"),
        pytest.param(silence(), UnreachableError, "did not answer", id="fault_09_upload_silence_after"),
        pytest.param(hang_in_body(), UnreachableError, "did not answer", id="fault_10_upload_hang_in_body"),
        pytest.param(reset_in_body(), UnreachableError, "was lost", id="fault_11_upload_reset_in_body"),
        pytest.param(short_length(), ServerFaultError, "cut its reply", id="fault_12_upload_short_length"),
        pytest.param(short_chunked(), ServerFaultError, "cut its reply", id="fault_13_upload_short_chunked"),
        pytest.param(early_eof(), ServerFaultError, "cut or not JSON", id="fault_14_upload_early_eof"),
        pytest.param(cut_json(), ServerFaultError, "cut or not JSON", id="fault_15_upload_cut_json"),
        pytest.param(portal(), NotTheApiError, "HTML from", id="fault_16_upload_portal"),
        pytest.param(status(503), ServerFaultError, "503", id="fault_17_upload_status_503"),
        pytest.param(status(502, after=True), ServerFaultError, "502", id="fault_18_upload_status_502_after"),
        pytest.param(
            redirect("https://evil.invalid/"), NotTheApiError, "evil.invalid", id="fault_29_upload_redirect"
        ),
        pytest.param(garbage(after=True), ServerFaultError, "not answer in HTTP", id="fault_30_upload_garbage"),
        pytest.param(corrupt_gzip(), ServerFaultError, "compression", id="fault_31_upload_corrupt_gzip"),
        pytest.param(drip(every=1.0), UnreachableError, "did not answer", id="fault_33_upload_drip"),
        pytest.param(say({"id": None}), NotTheApiError, "", id="fault_39_upload_no_file"),
    ],
)
async def test_an_upload_that_fails_is_one_post_and_may_have_had_an_effect(
    server: FaultServer, service: OpenAIService, source: Path, fault: Fault, kind: type[ServiceError], words: str
) -> None:
    server.fail("upload", fault)
    error = await failure(service, source)
    assert isinstance(error, kind)
    assert error.effect is Effect.UNKNOWN
    assert words in str(error)
    assert server.count("upload") == 1
    assert len(server.files) == (1 if fault.after else 0)


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        pytest.param(
            status(429, headers={"Retry-After": "5"}), RateLimitedError, "again in 5 s", id="fault_20_upload_429"
        ),
        pytest.param(status(401, "Bad key"), UnauthorizedError, "Bad key", id="fault_23_upload_401"),
        pytest.param(status(400, "m\x1b[2J" * 20_000), RefusedError, "m␛[2Jm", id="fault_27_upload_400"),
        pytest.param(
            refuse_while_sending(413, "File is too large."),
            RefusedError,
            "File is too large",
            id="fault_28_upload_refused_while_sending",
        ),
    ],
)
async def test_an_upload_that_is_refused_had_no_effect(
    server: FaultServer, service: OpenAIService, source: Path, fault: Fault, kind: type[ServiceError], words: str
) -> None:
    server.fail("upload", fault)
    error = await failure(service, source)
    assert isinstance(error, kind)
    assert error.effect is Effect.NONE
    assert words in str(error)


async def test_fault_28_upload_that_is_broken_off_without_a_word_tells_how_far_it_came_and_why_that_may_be(
    server: FaultServer, service: OpenAIService, tmp_path: Path
) -> None:
    path = tmp_path / "large.jsonl"
    with path.open("wb") as target:
        target.truncate(64_000_000)
    server.fail("upload", refuse_while_sending(413, lingers=False))
    error = await failure(service, path)
    assert isinstance(error, UnreachableError)
    assert error.effect is Effect.UNKNOWN
    assert "was lost after" in str(error)
    assert "of 64 MB: a server or proxy that finds the file too large may break off" in str(error)


async def test_fault_33_upload_to_a_server_that_takes_nothing_is_called_stalled(
    server: FaultServer, service: OpenAIService, tmp_path: Path
) -> None:
    path = tmp_path / "large.jsonl"
    with path.open("wb") as target:
        target.truncate(64_000_000)
    server.fail("upload", deaf())
    error = await failure(service, path)
    assert isinstance(error, TransferStalledError)
    assert "large.jsonl stalled" in str(error)


async def test_cancelling_an_upload_ends_it_at_once(
    server: FaultServer, service: OpenAIService, source: Path
) -> None:
    server.fail("upload", silence())
    whole = asyncio.Event()

    def note(progress: Progress) -> None:
        whole.set()

    sending = asyncio.ensure_future(service.upload_file(source, name=source.name, on_progress=note))
    await whole.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


async def test_fault_52_upload_of_a_file_that_was_edited_after_the_check_creates_nothing(
    server: FaultServer, service: OpenAIService, source: Path
) -> None:
    error = await failure(service, source, hashlib.sha256(b"what was checked").hexdigest())
    assert isinstance(error, FileChangedError)
    assert "input.jsonl changed after it was checked" in str(error)
    assert server.files == {}


@pytest.mark.parametrize("change", ["grows", "shrinks", "is edited"])
async def test_fault_51_upload_of_a_file_that_changes_meanwhile_creates_nothing(
    server: FaultServer, service: OpenAIService, source: Path, change: str
) -> None:
    def change_it(progress: Progress) -> None:
        if change == "grows":
            os.truncate(source, len(CONTENT) + 3)
        elif change == "shrinks":
            os.truncate(source, 100_000)
        else:
            os.utime(source, ns=(1, 1))

    with pytest.raises(FileChangedError, match="changed while uploading"):
        await service.upload_file(source, name="x.jsonl", on_progress=change_it)
    assert server.files == {}


async def test_a_file_that_is_replaced_meanwhile_is_sent_as_it_was_checked(
    server: FaultServer, service: OpenAIService, source: Path, nothing_blocks_the_loop: BlockBuster
) -> None:
    nothing_blocks_the_loop.deactivate()  # the test itself moves a file in the middle of the upload
    other = source.with_name("other")
    other.write_bytes(b"new")

    def replace_it(progress: Progress) -> None:
        if other.exists():
            other.rename(source)

    digest = hashlib.sha256(CONTENT).hexdigest()
    file = await service.upload_file(source, name="x.jsonl", sha256=digest, on_progress=replace_it)
    assert server.files[file.id].content == CONTENT


async def test_fault_53_upload_of_what_is_no_readable_file_is_refused_in_a_sentence(
    server: FaultServer, service: OpenAIService, tmp_path: Path
) -> None:
    pipe, locked = tmp_path / "pipe\x1b[31m", tmp_path / "locked"
    os.mkfifo(pipe)
    locked.touch()
    locked.chmod(0)
    told = {
        path: str(error)
        for path in (tmp_path, pipe, tmp_path / "gone", Path("nul\0"))
        if isinstance(error := await failure(service, path), InputFileError)
    }
    assert "is a directory" in told[tmp_path]
    assert told[pipe] == "pipe␛[31m is a pipe or a device, not a file."
    assert told[tmp_path / "gone"] == "gone does not exist."
    assert "NUL" in told[Path("nul\0")]
    if os.geteuid() != 0:
        assert "permission denied" in str(await failure(service, locked))
    assert server.seen == []


class Hasty(httpx2.AsyncBaseTransport):
    """Answers without having read the request's body."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.seen.append(f"{request.method} {request.url.path}")
        return httpx2.Response(200, json={"id": "file-1", "object": "file", "deleted": True})


async def test_a_service_that_answers_before_it_has_the_whole_file_has_it_deleted_again(source: Path) -> None:
    hasty = Hasty()
    service = OpenAIService(
        Connection("https://example.org/v1", KEY), http_client=httpx2.AsyncClient(transport=hasty)
    )
    error = await failure(service, source)
    assert isinstance(error, ServerFaultError)
    assert "only a part" in str(error)
    assert hasty.seen == ["POST /v1/files", "DELETE /v1/files/file-1"]
    await service.aclose()


async def test_a_remote_file_is_deleted_once_and_a_second_time_is_no_error(
    server: FaultServer, service: OpenAIService
) -> None:
    file_id = server.add_file(b"x")
    await service.delete_file(file_id)
    await service.delete_file(file_id)
    assert (server.files, server.count("delete")) == ({}, 2)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("input.jsonl", "input.jsonl"),
        ("INPUT.JSONL", "INPUT.jsonl"),
        ("data.json", "data.json.jsonl"),
        ("a/b\\c.jsonl", "c.jsonl"),
        ("evil\x1b[31m\nname.jsonl", "evil_[31m_name.jsonl"),
        ("../../etc/passwd", "passwd.jsonl"),
        ("..", "batch.jsonl"),
        ("", "batch.jsonl"),
        (".jsonl", "batch.jsonl"),
        ('quote".jsonl', "quote_.jsonl"),
        ("caf\udce9\u202e.jsonl", "caf__.jsonl"),
        ("größe 1.jsonl", "größe 1.jsonl"),
        ("x" * 500 + ".jsonl", "x" * 200 + ".jsonl"),
    ],
)
def test_fault_57_upload_names_are_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


async def test_fault_57_upload_of_a_file_with_a_hostile_name_works(
    server: FaultServer, service: OpenAIService, tmp_path: Path
) -> None:
    path = tmp_path / os.fsdecode(b"a\x1b]52;c;x\x07\n\xff.jsonl")
    path.write_bytes(b"{}\n")
    file = await service.upload_file(path, name=path.name)
    assert server.files[file.id].name == "a_]52_c_x___.jsonl"


@pytest.mark.parametrize(("seconds", "largest"), [(0.0, 262_144), (1.0, 65_536)])
def test_pieces_grow_on_a_quick_line_and_stay_small_on_a_slow_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, largest: int
) -> None:
    now = itertools.count(100.0, seconds)
    monkeypatch.setattr("batch_tui.api.upload.time.monotonic", lambda: next(now))
    path = tmp_path / "large.jsonl"
    content = os.urandom(6_000_000)
    path.write_bytes(content)
    pieces: list[bytes] = []
    with SourceFile(path, hashlib.sha256(content).hexdigest(), lambda _: None) as handle:
        while piece := handle.read(65_536):
            pieces.append(piece)
    assert b"".join(pieces) == content
    assert max(map(len, pieces)) == largest
    assert {len(piece) for piece in pieces[:64]} == {65_536}, "what only fills the kernel's buffers says nothing"


def test_reading_from_the_front_again_counts_and_hashes_anew(source: Path) -> None:
    read: list[int] = []
    with SourceFile(source, hashlib.sha256(CONTENT).hexdigest(), read.append) as handle:
        handle.read(7)
        handle.seek(0)
        assert handle.read() == CONTENT
        assert handle.is_sent
        assert handle.read(1) == b""
    assert read == [7, len(CONTENT)]
