from __future__ import annotations

from pathlib import Path

import pytest
from textual.events import AppBlur, Event, Key

from batch_tui.domain.status import BatchStatus
from batch_tui.ui.session import SessionState
from tests.support.batches import NOON, a_batch
from tests.support.fake_service import FakeService, forbidden, unreachable
from tests.support.screen import stage


def account() -> FakeService:
    return FakeService(
        a_batch("new", total=100, completed=40),
        a_batch("old", BatchStatus.COMPLETED, completed=100, created=NOON - 60, ended=NOON),
        a_batch("older", total=50, created=NOON - 120),
    )


async def test_x_then_y_cancels_the_batch_under_the_cursor(tmp_path: Path) -> None:
    async with stage(tmp_path, account()) as running:
        await running.press("x")
        assert "Cancel new?" in running.said()
        assert "40/100 done (kept, billed)" in running.said()
        assert running.service.count("cancel_batch") == 0
        await running.press("y")
        assert running.service.arguments("cancel_batch") == ["new"]


@pytest.mark.parametrize("blurred_at", [0, 1, 2])
async def test_keys_are_answered_when_the_terminal_tells_between_them_that_it_lost_the_focus(
    tmp_path: Path, blurred_at: int
) -> None:
    async with stage(tmp_path, account()) as running:
        typed: list[Event] = [Key("x", "x"), Key("y", "y"), Key("j", "j")]
        typed.insert(blurred_at, AppBlur())
        for event in typed:
            running.app.post_message(event)
        await running.until(lambda: running.app.deck.batches.table.cursor_id == "old")
        assert running.service.arguments("cancel_batch") == ["new"]


async def test_any_other_key_than_y_cancels_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path, account()) as running:
        for key in ("x", "Y", "enter", "space", "escape", "n"):
            await running.press("x", key)
            assert not running.app.dock.is_asking
        assert running.service.count("cancel_batch") == 0


async def test_ctrl_q_declines_and_quits(tmp_path: Path) -> None:
    async with stage(tmp_path, account()) as running:
        await running.pilot.press("x", "ctrl+q")
        await running.until(lambda: not running.app.is_running)
        assert running.service.count("cancel_batch") == 0


async def test_the_target_is_frozen_when_x_is_pressed(tmp_path: Path) -> None:
    async with stage(tmp_path, account()) as running:
        await running.press("x")
        running.service.put(a_batch("newest", created=NOON + 60))
        await running.poll()
        running.app.deck.batches.table.move_to("newest")
        await running.press("y")
        assert running.service.arguments("cancel_batch") == ["new"]


async def test_the_row_turns_at_once_and_is_put_back_when_the_service_answers(tmp_path: Path) -> None:
    async with stage(tmp_path, account()) as running:
        gate = running.service.hold("cancel_batch")
        await running.pilot.press("x", "y")
        await running.pilot.pause()
        assert "cancelling…" in running.row("new")
        gate.set()
        await running.until(lambda: not running.app.desk.notes)
        assert running.service.batches["new"].status in {BatchStatus.CANCELLING, BatchStatus.CANCELLED}


async def test_several_want_their_number_typed(tmp_path: Path) -> None:
    async with stage(tmp_path, account()) as running:
        running.app.deck.batches.table.set_marks(("new", "older"))
        await running.press("x")
        assert "Cancel 2 batches?" in running.said()
        await running.press("3", "enter")
        assert running.service.count("cancel_batch") == 0
        await running.press("x", "2", "enter")
        assert sorted(running.service.arguments("cancel_batch")) == ["new", "older"]


async def test_cancel_all_takes_only_what_the_filter_shows(tmp_path: Path) -> None:
    async with stage(tmp_path, account()) as running:
        await running.press("slash", *"older", "enter", "X")
        assert "Cancel older?" in running.said()
        assert "type 1" in running.said()
        await running.press("1", "enter")
        assert running.service.arguments("cancel_batch") == ["older"]


async def test_an_ended_batch_has_nothing_to_cancel(tmp_path: Path) -> None:
    async with stage(tmp_path, account(), session=SessionState(cursor="old")) as running:
        assert running.app.deck.batches.table.cursor_id == "old"
        await running.press("x")
        assert "Nothing to cancel" in running.said()
        assert not running.app.dock.is_asking


async def test_read_only_has_no_paid_keys(tmp_path: Path) -> None:
    async with stage(tmp_path, account(), is_read_only=True) as running:
        bound = set(running.app.active_bindings)
        assert not {"x", "X", "n", "F"} & bound
        assert "j" in bound
        await running.press("x")
        assert not running.app.dock.is_asking
        for command in ("cancel", "cancel_shown", "new", "upload", "fix", "delete"):
            await running.press("colon", *command.replace("_", " "), "enter")
            assert not running.app.dock.is_asking
            await running.press("escape", "escape")
        called = {call.method for call in running.service.ledger}
        assert called <= {"list_batches", "retrieve_batch"}


async def test_marked_batches_that_a_filter_hides_are_counted_in_the_question(tmp_path: Path) -> None:
    async with stage(tmp_path, account()) as running:
        running.app.deck.batches.table.set_marks(("new", "older"))
        await running.press("slash", *"older", "enter", "x")
        assert "Cancel 2 batches (1 hidden by filter)?" in running.said()
        assert "type 2" in running.said()


async def test_one_marked_batch_that_a_filter_hides_is_said_to_be_hidden(tmp_path: Path) -> None:
    async with stage(tmp_path, account(), size=(60, 20)) as running:
        running.app.deck.batches.table.set_marks(("new",))
        await running.press("slash", *"older", "enter", "x")
        assert "Cancel new?  (hidden by filter)" in running.said()
        await running.press("escape", "escape", "x")
        assert "hidden" not in running.said()


async def test_several_say_what_is_kept_billed_and_not_sent(tmp_path: Path) -> None:
    async with stage(tmp_path, account()) as running:
        running.app.deck.batches.table.set_marks(("new", "older"))
        await running.press("x")
        assert "Cancel 2 batches?  40/150 done (kept, billed)  110 not sent" in running.said()


@pytest.mark.parametrize(
    ("width", "asked"),
    [
        (100, "Cancel a-nightly-evaluation?  12,000/50,000 done (kept, billed)  38,000 not sent"),
        (90, "Cancel a-nightly-evaluation?  12,000/50,000 kept, billed  38,000 not sent"),
        (80, "Cancel a-nightly-evaluation?  12,000/50,000 kept, billed"),
        (60, "Cancel a-ni…on?  12,000/50,000 kept, billed"),
    ],
)
async def test_a_narrow_line_tells_what_is_kept_before_what_is_not_spent(
    tmp_path: Path, width: int, asked: str
) -> None:
    service = FakeService(a_batch("a-nightly-evaluation", total=50_000, completed=12_000))
    async with stage(tmp_path, service, size=(width, 20)) as running:
        await running.press("x")
        assert running.said().startswith(asked), running.said()
        assert running.said().endswith("no")


async def test_a_batch_is_cancelled_while_the_list_is_stale(tmp_path: Path) -> None:
    async with stage(tmp_path, account()) as running:
        running.service.fail_next("list_batches", unreachable())
        await running.poll()
        await running.press("x", "y")
        assert running.service.arguments("cancel_batch") == ["new"]


async def test_the_outcome_of_a_cancel_stands_in_events_with_its_command_line(tmp_path: Path) -> None:
    async with stage(tmp_path, account()) as running:
        await running.press("x", "y")
        await running.until(lambda: not running.app.desk.notes)
        told = running.app.cockpit.events.recent("new")
        assert any("batch-tui cancel new" in (event.command or "") for event in told)


async def test_every_refused_cancel_stays_on_the_line_by_its_name(tmp_path: Path) -> None:
    named = [a_batch(f"batch_{n}", metadata={"name": f"s{n}"}, created=NOON - n) for n in range(3)]
    async with stage(tmp_path, FakeService(*named)) as running:
        running.service.fail_next("cancel_batch", forbidden(), forbidden())
        await running.press("X", "3", "enter")
        await running.until(lambda: "1 of 3 cancelled" in running.said())
        told = running.said().partition(":")[0]
        gone_on = sorted(b.name for b in running.service.batches.values() if b.status is BatchStatus.IN_PROGRESS)
        assert len(gone_on) == 2
        assert sorted(told.removeprefix("1 of 3 cancelled, not ").split(", ")) == gone_on
        assert "This project has no batch access." in running.said()


async def test_one_refused_cancel_is_told_by_its_name(tmp_path: Path) -> None:
    service = FakeService(a_batch("batch_1", metadata={"name": "nightly"}))
    async with stage(tmp_path, service) as running:
        service.fail_next("cancel_batch", forbidden())
        await running.press("x", "y")
        assert "nightly was not cancelled: This project has no batch access." in running.said()
