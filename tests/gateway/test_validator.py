from __future__ import annotations

from pathlib import Path

from batch_tui.domain.limits import OPENAI_LIMITS, Limits
from batch_tui.gateway.validator import find_faults, findings_now
from tests.gateway.lines_for_tests import CHAT, chat_line


def written(path: Path, *lines: bytes) -> Path:
    path.write_bytes(b"".join(lines))
    return path


async def test_a_big_file_gets_the_same_verdict_from_a_process_of_its_own(tmp_path: Path) -> None:
    padding = "x" * 100_000
    lines = [chat_line(f"r{i}", padding=padding) for i in range(45)]
    source = written(tmp_path / "big.jsonl", *lines, lines[7])
    assert source.stat().st_size > 4 * 1024 * 1024
    found = await find_faults(source, OPENAI_LIMITS, CHAT)
    assert found == findings_now(source, OPENAI_LIMITS, CHAT)
    assert [(error.code, error.line, error.param) for error in found.errors] == [
        ("duplicate_custom_id", 46, "custom_id")
    ]
    assert found.requests == 46


async def test_a_file_over_the_limit_is_refused_unread(tmp_path: Path) -> None:
    source = written(tmp_path / "a.jsonl", chat_line("a"))
    found = await find_faults(source, Limits(max_bytes=10), CHAT)
    assert [error.message for error in found.errors] == [
        "Input file is larger than the 10 maximum for the Batch API."
    ]


async def test_too_many_requests_are_refused_as_such(tmp_path: Path) -> None:
    source = written(tmp_path / "a.jsonl", chat_line("a"), chat_line("b"))
    found = await find_faults(source, Limits(max_requests=1), CHAT)
    assert "too_many_tasks" in {error.code for error in found.errors}


async def test_warnings_do_not_fail_a_batch(tmp_path: Path) -> None:
    source = written(tmp_path / "a.jsonl", chat_line("a"), b"\n", chat_line("b"))
    found = await find_faults(source, OPENAI_LIMITS, CHAT)
    assert (found.requests, found.model) == (2, "gpt-4o-mini")
