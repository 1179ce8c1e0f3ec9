"""A batch as ``--json`` prints it, with what earlier runs saw of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from batch_tui.cli.session import record
from batch_tui.engine.cockpit import Cockpit
from tests.support.batches import NOON, a_batch
from tests.support.fake_service import FakeService
from tests.support.screen import settings_in

HOUR = 3600


async def derived(folder: Path, completed: int) -> Mapping[str, object]:
    """What a run that looks once derives of a batch."""
    cockpit = Cockpit(settings_in(folder), FakeService())
    try:
        await cockpit.memory.start_pace(keeps=False)
        found = record(cockpit, a_batch(completed=completed, created=NOON - 2 * HOUR), NOON)["derived"]
    finally:
        await cockpit.aclose()
    assert isinstance(found, dict)
    return found


async def an_earlier_run(folder: Path, completed: int) -> None:
    """A run that saw the batch an hour ago, and keeps that."""
    cockpit = Cockpit(settings_in(folder), FakeService())
    await cockpit.memory.start_pace()
    cockpit.history.record(a_batch(completed=completed, created=NOON - 2 * HOUR), NOON - HOUR)
    await cockpit.aclose()


async def test_one_look_tells_the_rate_since_an_earlier_run(tmp_path: Path) -> None:
    await an_earlier_run(tmp_path, 10)
    found = await derived(tmp_path, 70)
    assert found["rate_per_minute"] == 1
    assert found["eta_s"] == 30 * 60
    assert found["stalled"] is False


async def test_one_look_tells_that_a_batch_has_not_moved_since_an_earlier_run(tmp_path: Path) -> None:
    await an_earlier_run(tmp_path, 10)
    found = await derived(tmp_path, 10)
    assert found["still_for_s"] == HOUR
    assert found["stalled"] is True


async def test_one_look_leaves_what_earlier_runs_kept_alone(tmp_path: Path) -> None:
    await an_earlier_run(tmp_path, 10)
    kept = {path: path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file()}
    await derived(tmp_path, 70)
    assert {path: path.read_bytes() for path in kept} == kept
    assert any(b"batch_1" in data for data in kept.values())
