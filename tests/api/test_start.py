"""The first lines of a remote file: from servers with ranges, without them, and with wrong ones."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.api.client import OpenAIService
from batch_tui.api.start import first_lines
from batch_tui.domain.errors import NotFoundError, NotTheApiError, ServerFaultError, UnreachableError
from batch_tui.domain.files import FileStart
from tests.support.faults import FaultServer, Reply, answer, changed, early_eof, portal, reset_in_body, status

LINES = [b'{"custom_id":"request-%06d"}\n' % number for number in range(40_000)]
CONTENT = b"".join(LINES)


def ranged(reply: Reply) -> Reply:
    """What a server with ranges makes of ``bytes=0-9999``."""
    told = {**reply.headers, "Content-Range": f"bytes 0-9999/{len(reply.body)}"}
    return replace(reply, status=206, body=reply.body[:10_000], headers=told)


async def test_without_ranges_the_reply_is_left_as_soon_as_the_lines_are_here(
    server: FaultServer, service: OpenAIService
) -> None:
    start = await service.read_start(server.add_file(CONTENT), lines=100, most_bytes=500_000)
    assert start == FileStart(b"".join(LINES[:100]), is_whole=False)
    assert server.seen[-1].headers["range"] == "bytes=0-499999"
    assert server.count("download") == 1


async def test_with_ranges_no_more_is_sent_than_was_asked_for(server: FaultServer, service: OpenAIService) -> None:
    file_id = server.add_file(CONTENT)
    server.fail("download", changed(ranged))
    start = await service.read_start(file_id, lines=1_000, most_bytes=10_000)
    assert start.is_whole is False
    assert start.content == b"".join(LINES[: 10_000 // len(LINES[0])])


@pytest.mark.parametrize("content", [b"", LINES[0], LINES[0] + LINES[1].rstrip()])
async def test_a_file_that_is_smaller_comes_whole(
    content: bytes, server: FaultServer, service: OpenAIService
) -> None:
    start = await service.read_start(server.add_file(content), lines=2, most_bytes=10_000)
    assert start == FileStart(content, is_whole=True)


async def test_a_line_that_is_too_long_is_left_out(server: FaultServer, service: OpenAIService) -> None:
    file_id = server.add_file(b"x" * 70_000 + b"\n" + CONTENT)
    assert await service.read_start(file_id, lines=5, most_bytes=60_000) == FileStart(b"", is_whole=False)


async def test_an_empty_file_of_a_server_with_ranges_has_no_first_byte(
    server: FaultServer, service: OpenAIService
) -> None:
    server.fail("download", status(416))
    assert (await service.read_start(server.add_file(b""), lines=5, most_bytes=60_000)).content == b""


async def test_a_piece_from_elsewhere_in_the_file_is_not_taken_for_its_start(
    server: FaultServer, service: OpenAIService
) -> None:
    file_id = server.add_file(CONTENT)
    for told in ("bytes 5-9999/1200000", "bytes 0-9999/x", ""):
        server.fail("download", answer(Reply(206, b"{}\n", {"Content-Range": told})))
        with pytest.raises(ServerFaultError, match="wrongly"):
            await service.read_start(file_id, lines=5, most_bytes=60_000)


async def test_what_goes_wrong_is_one_of_our_errors(server: FaultServer, service: OpenAIService) -> None:
    file_id = server.add_file(CONTENT)
    with pytest.raises(NotFoundError):
        await service.read_start("file-none", lines=5, most_bytes=60_000)
    server.fail("download", portal())
    with pytest.raises(NotTheApiError):
        await service.read_start(file_id, lines=5, most_bytes=60_000)
    server.fail("download", reset_in_body())
    with pytest.raises(UnreachableError):
        await service.read_start(file_id, lines=40_000, most_bytes=10_000_000)
    assert (await service.read_start(file_id, lines=1, most_bytes=60_000)).content == LINES[0]


async def test_an_end_that_nothing_vouches_for_is_not_taken_for_the_end(
    server: FaultServer, service: OpenAIService
) -> None:
    file_id = server.add_file(LINES[0] + LINES[1])
    server.fail("download", early_eof(0.6))
    assert await service.read_start(file_id, lines=5, most_bytes=60_000) == FileStart(LINES[0], is_whole=False)


@given(st.lists(st.sampled_from([b"a", b"", b"bb"])), st.booleans(), st.integers(0, 6), st.booleans())
def test_only_whole_lines_are_kept(pieces: list[bytes], ends: bool, lines: int, is_whole: bool) -> None:  # noqa: FBT001
    content = b"\n".join(pieces) + (b"\n" if ends else b"")
    start = first_lines(content, lines, is_whole=is_whole)
    assert content.startswith(start.content)
    assert start.content.count(b"\n") <= lines
    if start.is_whole:
        assert is_whole
        assert start.content == content
    elif start.content:
        assert start.content.endswith(b"\n") or is_whole
