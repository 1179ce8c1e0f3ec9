"""Failures by cause: told in Inspect, listed in Results, sent again by themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from batch_tui.domain.status import BatchStatus
from batch_tui.ui.session import SessionState
from tests.support.batches import NOON, a_batch
from tests.support.fake_service import FakeService
from tests.support.result_files import answer_line, failure_line, not_run_line, request_line
from tests.support.screen import Stage, stage

IDS = [f"r{n}" for n in range(8)]
ERRORS = (
    failure_line("r2"),
    failure_line("r3"),
    failure_line("r4", 400, "context_length_exceeded", 'The "messages" hold 9000 tokens, 8000 fit.'),
    failure_line("r5", 400, "context_length_exceeded", "Too long."),
    not_run_line("r6"),
    failure_line("r7", 500, None, "Oops."),
)


def lines(*parts: bytes) -> bytes:
    return b"".join(part + b"\n" for part in parts)


def account() -> FakeService:
    service = FakeService()
    source = service.add_file(lines(*map(request_line, IDS)), name="in.jsonl", purpose="batch")
    service.put(replace(a_batch("b", total=8, created=NOON), model="gpt-4o-mini"))
    ended = service.finish(
        "b", BatchStatus.COMPLETED, output=lines(answer_line("r0"), answer_line("r1")), errors=lines(*ERRORS)
    )
    service.put(replace(ended, input_file_id=source.id))
    return service


@asynccontextmanager
async def errors_tab(folder: Path, service: FakeService) -> AsyncIterator[Stage]:
    async with stage(folder, service, session=SessionState(cursor="b", tab="errors")) as running:
        await running.press("3")
        await running.until(lambda: "×" in running.app.deck.inspect.facts.text)
        yield running


async def test_each_cause_says_what_it_means_and_whether_a_second_try_can_pass(tmp_path: Path) -> None:
    async with errors_tab(tmp_path, account()) as running:
        text = running.app.deck.inspect.facts.text
        assert "6 requests without a good answer, 5 causes." in text
        assert "2 × 429 rate_limit_exceeded  Slow down." in text
        assert "used up when it ran. A second try can pass." in text
        assert "takes. Unchanged it fails again: shorten the input" in text
        assert "1 × not run batch_expired" in text
        assert "    r2, r3" in text
        assert running.app.deck.inspect.tabs.content(80).text.count("Errors(6)") == 1


async def test_enter_lists_exactly_the_requests_of_each_cause(tmp_path: Path) -> None:
    async with errors_tab(tmp_path, account()) as running:
        deck = running.app.deck
        assert deck.results.joined is not None
        for place, cause in enumerate(deck.results.joined.summary.causes):
            await running.press("3", "g", *["j"] * place, "enter")
            assert deck.panels.current == "results"
            shown = [int(row) for row in deck.results.table.row_ids]
            assert shown == list(deck.results.joined.cause_rows(cause))
        assert "1 shown" in deck.results.title_bar.note
        await running.press("escape")
        assert len(deck.results.table.row_ids) == 8


async def test_f_on_a_cause_sends_only_its_requests_again(tmp_path: Path) -> None:
    service = account()
    async with errors_tab(tmp_path, service) as running:
        await running.press("F")
        assert "2 of 2 can pass" in running.said()
        await running.press("y")
        sent = service.contents[service.orders[0].input_file_id]
        assert sent == lines(request_line("r2"), request_line("r3"))


async def test_another_batch_begins_without_the_filter_of_the_last(tmp_path: Path) -> None:
    service = account()
    service.put(
        replace(service.batches["b"], id="other", times=replace(service.batches["b"].times, created=NOON - 9))
    )
    async with errors_tab(tmp_path, service) as running:
        await running.press("enter")
        assert running.app.deck.results.filter_text
        await running.press("2", "j")
        assert running.app.deck.results.filter_text == ""


def retries_in(folder: Path) -> list[Path]:
    return list(folder.rglob("*.retry-*.jsonl"))


async def to_cause(running: Stage, code: str) -> None:
    inspect = running.app.deck.inspect
    for _ in range(8):
        cause = inspect.selection.cause
        if cause is not None and code in cause.code:
            return
        await running.press("j")
    raise AssertionError(inspect.facts.text)


async def test_requests_that_would_fail_again_are_changed_before_they_are_sent(tmp_path: Path) -> None:
    service = account()
    async with errors_tab(tmp_path, service) as running:
        await to_cause(running, "context_length_exceeded")
        await running.press("F")
        assert "1 request  would fail again unchanged" in running.said()
        await running.press("e", *"max_completion_tokens", "equals_sign", *"9 ", *"model", "equals_sign", *"gpt-5")
        assert "2 fields" in running.said()
        await running.press("enter")
        assert "1 request, 1 changed" in running.said()
        assert not service.orders
        await running.press("y")
        [order] = service.orders
        sent = service.contents[order.input_file_id]
        assert (
            sent
            == request_line("r4")
            .replace(b"gpt-4o-mini", b"gpt-5")
            .replace(b"}]}", b'}], "max_completion_tokens": 9}')
            + b"\n"
        )


async def test_a_mistake_in_a_change_is_told_and_what_was_typed_stays(tmp_path: Path) -> None:
    async with errors_tab(tmp_path, account()) as running:
        await running.press("F")
        await running.press("e", *"model", "enter")
        assert "model: write FIELD=VALUE" in running.said()
        assert running.app.dock.prompt_text == "model"


async def test_a_retry_that_was_declined_leaves_no_file_behind(tmp_path: Path) -> None:
    async with errors_tab(tmp_path, account()) as running:
        await running.press("F")
        assert retries_in(tmp_path)
        await running.press("n")
        await running.until(lambda: not retries_in(tmp_path))
