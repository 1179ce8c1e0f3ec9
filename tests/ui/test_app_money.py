"""Costs, comparisons and retries of a part, on the running screen."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from batch_tui.domain.batch import Usage
from batch_tui.domain.status import BatchStatus
from batch_tui.ui.session import SessionState
from tests.support.batches import NOON, a_batch
from tests.support.fake_service import FakeService
from tests.support.screen import stage

MILLION = 1_000_000


def request(number: int) -> bytes:
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}
    line = {"custom_id": f"r{number}", "method": "POST", "url": "/v1/chat/completions", "body": body}
    return json.dumps(line).encode() + b"\n"


def answered(number: int, status: int = 200, text: str = "yes") -> bytes:
    body: dict[str, object] = {"error": {"code": f"code_{status}", "message": "no"}}
    if status == 200:
        message = {"role": "assistant", "content": text}
        usage = {"prompt_tokens": MILLION, "completion_tokens": 0, "total_tokens": MILLION}
        choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
        body = {"model": "gpt-4o-mini", "choices": choices, "usage": usage}
    response = {"status_code": status, "request_id": "x", "body": body}
    line = {"id": f"q{number}", "custom_id": f"r{number}", "response": response, "error": None}
    return json.dumps(line).encode() + b"\n"


def ended(service: FakeService, name: str, output: bytes, errors: bytes | None = None, *, at: int = NOON) -> None:
    source = service.add_file(b"".join(map(request, range(5))), name="in.jsonl", purpose="batch")
    service.put(replace(a_batch(name, total=5, created=at), model="gpt-4o-mini"))
    batch = service.finish(name, BatchStatus.COMPLETED, output=output, errors=errors)
    service.put(replace(batch, input_file_id=source.id))


async def test_the_list_the_header_and_inspect_tell_what_a_batch_costs(tmp_path: Path) -> None:
    service = FakeService()
    running_batch = replace(a_batch("now", total=100, completed=50), model="gpt-4o-mini")
    service.put(replace(running_batch, usage=Usage(input_tokens=20 * MILLION, total_tokens=20 * MILLION)))
    service.put(a_batch("old", total=10, completed=1, created=NOON - 3 * 86_400))
    async with stage(tmp_path, service, size=(200, 50)) as running:
        table = running.app.deck.batches.table
        await running.until(lambda: any("$1.50" in running.line_of(table, y) for y in (1, 2)))
        assert "$1.50 today" in running.app.header.text
        text = running.app.deck.inspect.facts.text
        assert "$1.50 so far" in text
        assert "~$3.00 at the end" in text
        assert "($6.00 without a batch)" in text


async def test_cancel_tells_the_money_that_is_not_spent(tmp_path: Path) -> None:
    service = FakeService()
    for name, completed in (("one", 50), ("two", 25)):
        batch = replace(a_batch(name, total=100, completed=completed), model="gpt-4o-mini")
        service.put(replace(batch, usage=Usage(input_tokens=20 * MILLION, total_tokens=20 * MILLION)))
    async with stage(tmp_path, service, size=(200, 50), session=SessionState(cursor="one")) as running:
        table = running.app.deck.batches.table
        await running.until(lambda: any("$1.50" in running.line_of(table, y) for y in (1, 2)))
        await running.press("x")
        assert "Cancel one?  50/100 done (kept, billed)  ~$1.50 not spent" in running.said()
        await running.press("n", "X")
        assert "Cancel 2 batches?  75/200 done (kept, billed)  ~$6.00 not spent" in running.said()


async def test_the_answers_own_tokens_tell_the_cost_of_an_ended_batch(tmp_path: Path) -> None:
    service = FakeService()
    ended(service, "done", b"".join(map(answered, range(4))), answered(4, 429))
    async with stage(tmp_path, service) as running:
        await running.press("enter", "3")
        running.app.deck.inspect.open_tab("results")
        await running.until(lambda: "$0.30" in running.app.deck.inspect.facts.text)
        assert "($0.60 without a batch)" in running.app.deck.inspect.facts.text


async def test_fix_in_narrowed_results_sends_only_what_they_show(tmp_path: Path) -> None:
    service = FakeService()
    ended(
        service, "done", b"".join(map(answered, range(2))), answered(2, 429) + answered(3, 500) + answered(4, 503)
    )
    async with stage(tmp_path, service) as running:
        await running.press("enter")
        await running.until(lambda: running.app.deck.results.joined is not None)
        running.app.deck.results.set_filter("status:500,503")
        await running.press("F")
        assert "2 of 2 can pass" in running.said()
        await running.press("y")
        sent = service.contents[service.orders[0].input_file_id]
        assert sent == request(3) + request(4)


async def test_what_a_retry_answered_is_not_sent_once_more(tmp_path: Path) -> None:
    service = FakeService()
    ended(service, "done", b"".join(map(answered, range(3))), answered(3, 429) + answered(4, 429))
    ended(service, "again", answered(3), at=NOON + 60)
    again = service.batches["again"]
    service.put(replace(again, metadata={"batch_tui_parent": "done"}))
    async with stage(tmp_path, service) as running:
        await running.press("G", "F")
        assert "1 of 1 can pass" in running.said()


async def test_two_marked_batches_are_compared_in_one_sentence(tmp_path: Path) -> None:
    service = FakeService()
    ended(service, "before", b"".join(map(answered, range(4))), answered(4, 429), at=NOON - 600)
    after = answered(0) + answered(1, text="no") + answered(2) + answered(4)
    ended(service, "after", after, answered(3, 400), at=NOON)
    async with stage(tmp_path, service) as running:
        await running.press("space", "j", "space", "c")
        await running.until(lambda: "the same" in running.said())
        assert "before → after: 1 now fails, 1 now succeeds, 1 other answer, 2 the same" in running.said()
        events = running.app.cockpit.events.recent("after")
        assert any("batch-tui compare before after" in (event.command or "") for event in events)
