from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from batch_tui.domain.status import BatchStatus
from batch_tui.ui.controllers.known_facts import KnownFacts
from batch_tui.ui.panes.columns import BatchFacts
from tests.support.batches import NOON, a_batch
from tests.support.fake_service import FakeService
from tests.support.screen import Stage, stage

ENDED = a_batch("ended", BatchStatus.COMPLETED, total=10, completed=10, created=NOON - 60, ended=NOON - 5)


def facts(running: Stage) -> BatchFacts:
    batch = running.app.cockpit.store.get("ended")
    assert batch is not None
    return running.app.deck.facts.of(batch)


async def test_what_is_known_of_an_ended_batch_is_kept_until_something_else_is(tmp_path: Path) -> None:
    async with stage(tmp_path, FakeService(ENDED)) as running:
        deck, before = running.app.deck, facts(running)
        assert facts(running) is before
        running.app.desk.note("ended", "cancelling…")
        batch = running.app.cockpit.store.get("ended")
        assert batch is not None
        assert deck.facts.of(batch).is_cancelling
        running.app.desk.note("ended", None)
        assert not deck.facts.of(batch).is_cancelling
        running.app.cockpit.store.mark_gone("ended")
        assert deck.facts.of(batch).is_gone


async def test_what_is_not_known_is_read_before_a_key_asks_for_it(tmp_path: Path) -> None:
    def is_read(batch_id: str) -> bool:
        with patch.object(KnownFacts, "_read", side_effect=AssertionError("a key would wait for it")):
            batch = running.app.cockpit.store.get(batch_id)
            assert batch is not None
            try:
                return running.app.deck.facts.of(batch).batch is batch
            except AssertionError:
                return False

    names = [f"ended-{number}" for number in range(100)]
    ended = [replace(ENDED, id=name) for name in names]
    async with stage(tmp_path, FakeService(*ended)) as running:
        await running.until_seen(lambda: all(map(is_read, names)))
        running.app.desk.redraw(["ended-7"])
        assert not is_read("ended-7")
        await running.until_seen(lambda: is_read("ended-7"))


async def test_keys_typed_in_a_row_ask_once_about_a_running_batch(tmp_path: Path) -> None:
    async with stage(tmp_path, FakeService(a_batch("runs", total=10))) as running:
        deck, store, at = running.app.deck, running.app.cockpit.store, [NOON + 1.0]
        deck.facts = KnownFacts(running.app.desk, groups=dict, now=lambda: at[0])
        batch = store.get("runs")
        assert batch is not None
        before = deck.facts.of(batch)
        assert deck.facts.of(batch) is before
        at[0] += 1
        assert deck.facts.of(batch) is not before
        before = deck.facts.of(batch)
        deck.facts.forget(["runs"])
        assert deck.facts.of(batch) is not before
        before = deck.facts.of(batch)
        store.mark_gone("runs")
        assert deck.facts.of(batch).is_gone
        assert deck.facts.of(replace(batch, model="other")).batch.model == "other"


async def test_an_ended_batch_that_a_rule_marks_is_asked_about_anew(tmp_path: Path) -> None:
    async with stage(tmp_path, FakeService(ENDED)) as running:
        before = facts(running)
        running.app.deck.mark_alarmed(frozenset({"ended"}))
        marked = facts(running)
        assert marked is not before
        running.app.deck.mark_alarmed(frozenset({"ended"}))
        assert facts(running) is marked
        running.app.deck.mark_alarmed(frozenset())
        assert facts(running) is not marked
