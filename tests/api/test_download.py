# ruff: noqa: ASYNC240 - the tests look at their own small files, blockbuster watches the package
from __future__ import annotations

import asyncio
import fcntl
import os
import random
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from batch_tui.api.client import OpenAIService
from batch_tui.api.part import Origin, Part, part_name
from batch_tui.domain.errors import (
    BatchTuiError,
    NotFoundError,
    NotTheApiError,
    OutputFileError,
    RateLimitedError,
    ServerFaultError,
    ServiceError,
    TransferStalledError,
    UnauthorizedError,
    UnreachableError,
)
from batch_tui.domain.files import Progress, RemoteFile
from tests.support.faults import (
    Fault,
    FaultServer,
    Reply,
    answer,
    close,
    corrupt_bytes,
    corrupt_gzip,
    drip,
    early_eof,
    garbage,
    hang_in_body,
    portal,
    redirect,
    reset,
    reset_in_body,
    short_chunked,
    short_length,
    silence,
    status,
)

CONTENT = b"".join(b'{"custom_id":"request-%06d"}\n' % n for n in range(12_000))
OTHER = CONTENT.replace(b"request", b"REQUEST")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "output.jsonl"


@pytest.fixture
def remote(server: FaultServer) -> RemoteFile:
    return RemoteFile(server.add_file(CONTENT), bytes=len(CONTENT))


def left(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir())


def part_of(target: Path, remote: RemoteFile) -> Path:
    return target.with_name(f".{target.name}.{remote.id}.part")


async def failure(service: OpenAIService, remote: RemoteFile, target: Path) -> BatchTuiError:
    with pytest.raises(BatchTuiError) as caught:
        await service.download_file(remote, target)
    assert str(caught.value).isprintable()
    assert not target.exists()
    return caught.value


async def test_a_file_arrives_whole_and_leaves_nothing_beside_it(
    server: FaultServer, service: OpenAIService, remote: RemoteFile, target: Path
) -> None:
    seen: list[Progress] = []
    assert await service.download_file(remote, target, on_progress=seen.append) == target
    assert target.read_bytes() == CONTENT
    assert left(target) == ["output.jsonl"]
    assert seen[-1] == Progress(len(CONTENT), len(CONTENT))
    assert server.seen[-1].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("fault", "kind", "resumes"),
    [
        pytest.param(reset(after=False), UnreachableError, False, id="fault_06_download_reset"),
        pytest.param(reset(after=True), UnreachableError, False, id="fault_07_download_reset"),
        pytest.param(close(after=True), UnreachableError, False, id="fault_08_download_close"),
        pytest.param(silence(), TransferStalledError, False, id="fault_09_download_silence"),
        pytest.param(hang_in_body(), TransferStalledError, True, id="fault_10_download_hang_in_body"),
        pytest.param(reset_in_body(), UnreachableError, True, id="fault_11_download_reset_in_body"),
        pytest.param(short_length(), ServerFaultError, True, id="fault_12_download_short_length"),
        pytest.param(short_chunked(), ServerFaultError, True, id="fault_13_download_short_chunked"),
        pytest.param(early_eof(), ServerFaultError, True, id="fault_14_download_early_eof"),
        pytest.param(early_eof(0.99999), ServerFaultError, True, id="fault_15_download_cut_in_the_last_line"),
        pytest.param(portal(), NotTheApiError, False, id="fault_16_download_portal"),
        pytest.param(
            answer(Reply(200, b"\n <!doctype HTML>")),
            ServerFaultError,
            False,
            id="fault_16_download_portal_unlabelled",
        ),
        pytest.param(status(503), ServerFaultError, False, id="fault_17_download_503"),
        pytest.param(status(504, after=True), ServerFaultError, False, id="fault_18_download_504"),
        pytest.param(status(409), ServiceError, False, id="fault_19_download_409"),
        pytest.param(
            status(429, headers={"Retry-After": "3"}), RateLimitedError, False, id="fault_20_download_429"
        ),
        pytest.param(
            status(429, headers={"Retry-After": "900"}), RateLimitedError, False, id="fault_21_download_429"
        ),
        pytest.param(status(401), UnauthorizedError, False, id="fault_23_download_401"),
        pytest.param(status(404), NotFoundError, False, id="fault_25_download_404"),
        pytest.param(status(400, "\x1b]0;x\x07" * 9000), ServiceError, False, id="fault_27_download_400"),
        pytest.param(redirect("https://evil.invalid/x"), NotTheApiError, False, id="fault_29_download_redirect"),
        pytest.param(garbage(), ServerFaultError, False, id="fault_30_download_garbage"),
        pytest.param(corrupt_gzip(), ServerFaultError, False, id="fault_31_download_corrupt_gzip"),
        pytest.param(drip(1, 1.0), TransferStalledError, True, id="fault_33_download_drip"),
    ],
)
async def test_a_download_that_fails_gives_no_file_and_the_next_call_gives_the_whole(
    server: FaultServer,
    service: OpenAIService,
    remote: RemoteFile,
    target: Path,
    *,
    fault: Fault,
    kind: type[BatchTuiError],
    resumes: bool,
) -> None:
    server.fail("download", fault)
    error = await failure(service, remote, target)
    assert isinstance(error, kind)
    assert server.count("download") == 1
    await service.download_file(remote, target)
    assert target.read_bytes() == CONTENT
    assert ("range" in server.seen[-1].headers) is resumes
    assert left(target) == ["output.jsonl"]


async def test_fault_11_download_reset_in_the_body_again_and_again_resends_little(
    server: FaultServer, service: OpenAIService, remote: RemoteFile, target: Path
) -> None:
    sent: list[int] = []
    for _ in range(4):
        server.fail("download", reset_in_body(0.4))
        await failure(service, remote, target)
        sent.append(part_of(target, remote).stat().st_size)
    await service.download_file(remote, target)
    assert target.read_bytes() == CONTENT
    assert sent == sorted(set(sent))
    starts = [int(seen.headers["range"][6:-1]) for seen in server.seen[1:]]
    assert starts == sent  # each went on where the one before was cut: nothing was sent twice


async def test_fault_33_download_can_be_cancelled_while_it_drips_and_goes_on_later(
    server: FaultServer, service: OpenAIService, remote: RemoteFile, target: Path
) -> None:
    first = asyncio.Event()

    def note(progress: Progress) -> None:
        first.set()

    server.fail("download", drip(100, 0.01))
    fetching = asyncio.ensure_future(service.download_file(remote, target, on_progress=note))
    await first.wait()
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    assert part_of(target, remote).stat().st_size >= 100
    await service.download_file(remote, target)
    assert target.read_bytes() == CONTENT


async def test_fault_32_download_of_corrupt_bytes_of_the_right_length_is_kept(
    server: FaultServer, service: OpenAIService, remote: RemoteFile, target: Path
) -> None:
    server.fail("download", corrupt_bytes())
    await service.download_file(remote, target)
    assert len(target.read_bytes()) == len(CONTENT)


async def test_fault_26_download_of_a_deleted_file_is_not_found(service: OpenAIService, target: Path) -> None:
    error = await failure(service, RemoteFile("file-gone", bytes=3), target)
    assert isinstance(error, NotFoundError)
    assert left(target) == []


@pytest.mark.parametrize(
    "ranges",
    ["good", "ignored", "shifted", "partial_200", "wrong_total", "refused", "weak_etag", "no_etag"],
)
async def test_fault_48_download_is_the_same_to_the_byte_however_ranges_are_answered(
    server: FaultServer, service: OpenAIService, remote: RemoteFile, target: Path, ranges: str
) -> None:
    server.ranges = ranges
    server.fail("download", reset_in_body())
    await failure(service, remote, target)
    for _ in range(3):
        try:
            await service.download_file(remote, target)
        except ServerFaultError:
            assert not target.exists()
        else:
            break
    assert target.read_bytes() == CONTENT
    assert left(target) == ["output.jsonl"]


@pytest.mark.parametrize("ranges", ["good", "ignored", "weak_etag", "no_etag", "partial_200"])
@pytest.mark.parametrize("says_size", [True, False])
async def test_fault_49_download_of_content_that_changed_between_resumes_is_never_a_mix(
    server: FaultServer,
    service: OpenAIService,
    remote: RemoteFile,
    target: Path,
    *,
    ranges: str,
    says_size: bool,
) -> None:
    remote = RemoteFile(remote.id, bytes=len(CONTENT) if says_size else None)
    server.ranges = ranges
    server.fail("download", reset_in_body())
    await failure(service, remote, target)
    server.files[remote.id].content = OTHER
    if ranges != "weak_etag":
        server.files[remote.id].etag = '"v2"'
    for _ in range(3):
        try:
            await service.download_file(remote, target)
        except ServerFaultError:
            continue
        break
    assert target.read_bytes() == OTHER


async def test_fault_14_download_without_any_length_is_not_believed(
    server: FaultServer, service: OpenAIService, remote: RemoteFile, target: Path
) -> None:
    server.fail("download", early_eof())
    error = await failure(service, RemoteFile(remote.id, bytes=None), target)
    assert "whether the reply was whole" in str(error)
    assert left(target) == []


async def test_a_size_the_service_does_not_say_comes_from_the_reply(
    server: FaultServer, service: OpenAIService, remote: RemoteFile, target: Path
) -> None:
    server.fail("download", short_length())
    unknown = RemoteFile(remote.id, bytes=0)
    await failure(service, unknown, target)
    await service.download_file(unknown, target)
    assert target.read_bytes() == CONTENT


async def test_an_empty_file_arrives_too(server: FaultServer, service: OpenAIService, target: Path) -> None:
    await service.download_file(RemoteFile(server.add_file(b""), bytes=0), target)
    assert target.read_bytes() == b""
    assert left(target) == ["output.jsonl"]


@pytest.mark.parametrize("claimed", [len(CONTENT) - 1, len(CONTENT) + 1])
async def test_a_size_that_does_not_fit_gives_no_file(
    service: OpenAIService, remote: RemoteFile, target: Path, claimed: int
) -> None:
    error = await failure(service, RemoteFile(remote.id, bytes=claimed), target)
    assert isinstance(error, ServerFaultError)
    assert left(target) == []


async def test_fault_55_download_never_overwrites_unasked(
    server: FaultServer, service: OpenAIService, remote: RemoteFile, target: Path
) -> None:
    target.write_bytes(b"mine")
    with pytest.raises(OutputFileError, match=r"output\.jsonl exists already"):
        await service.download_file(remote, target)
    assert target.read_bytes() == b"mine"
    assert server.seen == []
    await service.download_file(remote, target, overwrite=True)
    assert target.read_bytes() == CONTENT


async def test_fault_55_download_to_a_name_that_is_taken_meanwhile_keeps_both(
    service: OpenAIService, remote: RemoteFile, target: Path
) -> None:
    def take_the_name(progress: Progress) -> None:
        descriptor = os.open(target, os.O_CREAT | os.O_WRONLY)
        os.close(descriptor)

    with pytest.raises(OutputFileError, match="exists already"):
        await service.download_file(remote, target, on_progress=take_the_name)
    assert target.read_bytes() == b""
    target.unlink()
    await service.download_file(remote, target)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize("points_at", ["somewhere", "nowhere"])
async def test_fault_55_download_is_never_written_through_a_symlink(
    service: OpenAIService,
    remote: RemoteFile,
    target: Path,
    *,
    overwrite: bool,
    points_at: str,
) -> None:
    real = target.with_name("real")
    if points_at == "somewhere":
        real.write_bytes(b"precious")
    target.symlink_to(real)
    with pytest.raises(OutputFileError, match="symbolic link"):
        await service.download_file(remote, target, overwrite=overwrite)
    assert target.is_symlink()
    assert not real.exists() or real.read_bytes() == b"precious"


async def test_fault_55_download_does_not_follow_a_symlink_at_the_part_either(
    service: OpenAIService, remote: RemoteFile, target: Path
) -> None:
    real = target.with_name("real")
    real.write_bytes(b"precious")
    part_of(target, remote).symlink_to(real)
    assert "symbolic link" in str(await failure(service, remote, target))
    part_of(target, remote).unlink()
    os.link(real, part_of(target, remote))
    assert "in the way" in str(await failure(service, remote, target))
    assert real.read_bytes() == b"precious"


async def test_fault_55_download_into_what_is_no_writable_directory_is_a_sentence(
    service: OpenAIService, remote: RemoteFile, target: Path, tmp_path: Path
) -> None:
    assert "no directory" in str(await failure(service, remote, tmp_path / "gone" / "x"))
    with pytest.raises(OutputFileError, match="is a directory"):
        await service.download_file(remote, tmp_path)
    with pytest.raises(OutputFileError, match="NUL"):
        await service.download_file(remote, tmp_path / "a\0b")


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file may grow beyond 100 kB in this process, which fails as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_fault_54_download_to_a_full_disk_says_what_is_missing_and_keeps_the_part(
    server: FaultServer, service: OpenAIService, remote: RemoteFile, target: Path, small_disk: None
) -> None:
    error = await failure(service, remote, target)
    assert isinstance(error, OutputFileError)
    assert "The disk is full: 272 kB more are needed" in str(error)
    assert part_of(target, remote).stat().st_size == 100_000
    resource.setrlimit(
        resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.getrlimit(resource.RLIMIT_FSIZE)[1])
    )
    await service.download_file(remote, target)
    assert target.read_bytes() == CONTENT
    assert server.seen[-1].headers["range"] == "bytes=100000-"


async def test_fault_60_download_of_one_file_by_two_instances_is_refused_to_the_second(
    server: FaultServer, service: OpenAIService, remote: RemoteFile, target: Path
) -> None:
    server.fail("download", hang_in_body())
    started = asyncio.Event()

    def note(progress: Progress) -> None:
        started.set()

    first = asyncio.ensure_future(service.download_file(remote, target, on_progress=note))
    await started.wait()
    with pytest.raises(OutputFileError, match="another batch-tui"):
        await service.download_file(remote, target)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await service.download_file(remote, target)
    assert target.read_bytes() == CONTENT


async def test_fault_62_download_that_was_killed_before_the_renaming_needs_no_request(
    server: FaultServer, service: OpenAIService, remote: RemoteFile, target: Path
) -> None:
    def leave_all_but_the_name() -> None:
        part = Part(target, remote.id)
        part.open()
        part.start(Origin('"v"', len(CONTENT)))
        os.pwrite(part.descriptor, CONTENT, 0)
        part.close()

    await asyncio.to_thread(leave_all_but_the_name)
    await service.download_file(remote, target)
    assert target.read_bytes() == CONTENT
    assert server.seen == []


@pytest.mark.parametrize(
    "sidecar", [b"", b"{", b"[]", b'{"etag":5,"total":true}', b'{"etag":""}', b"\xff", b"[" * 4000]
)
async def test_a_sidecar_that_cannot_be_read_means_starting_over(
    server: FaultServer, service: OpenAIService, remote: RemoteFile, target: Path, sidecar: bytes
) -> None:
    part = part_of(target, remote)
    part.write_bytes(b"something else")
    part.with_name(part.name + ".json").write_bytes(sidecar)
    await service.download_file(remote, target)
    assert target.read_bytes() == CONTENT
    assert "range" not in server.seen[-1].headers


@pytest.mark.parametrize("file_id", ["../../etc/x", "a/b", "x" * 400, "é", "file-1\n", "\x00", "\udcff"])
def test_fault_56_download_parts_stay_in_the_directory_whatever_the_id_holds(tmp_path: Path, file_id: str) -> None:
    name = part_name("n" * 200, file_id)
    assert (tmp_path / name).parent == tmp_path
    assert len(os.fsencode(name)) <= 240
    assert name != part_name("n" * 200, file_id + "x")
    assert name.startswith(".n")
    assert name.endswith(".part")


def test_a_part_that_is_locked_belongs_to_somebody_else(target: Path) -> None:
    mine, theirs = Part(target, "file-1"), Part(target, "file-1")
    mine.open()
    with pytest.raises(OutputFileError, match="another batch-tui"):
        theirs.open()
    theirs.close()
    fcntl.flock(mine.descriptor, fcntl.LOCK_UN)
    theirs.open()
    theirs.close()
    mine.close()
    assert left(target) == []


async def test_random_cuts_never_change_a_byte(
    server: FaultServer, service: OpenAIService, remote: RemoteFile, target: Path
) -> None:
    chance = random.Random(7)
    kinds = (reset_in_body, short_length, short_chunked, early_eof)
    for _ in range(8):
        server.fail("download", chance.choice(kinds)(chance.random() * 0.5))
        await failure(service, remote, target)
    await service.download_file(remote, target)
    assert target.read_bytes() == CONTENT
