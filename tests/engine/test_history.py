from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from batch_tui.domain.batch import Batch, Timestamps
from batch_tui.domain.pace import MAX_SAMPLES, NO_PACE, Sample
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.monitoring.history import FILE_NAME, MAX_BATCHES, History
from tests.support.batches import NOON, a_batch


def at(done: int, total: int = 10_000) -> Batch:
    return a_batch(total=total, completed=done)


def recorded(*steps: tuple[float, int], history: History | None = None) -> History:
    history = history if history is not None else History()
    for seconds, done in steps:
        history.record(at(done), NOON + seconds)
    return history


def test_a_batch_nobody_saw_moving_has_no_pace() -> None:
    assert History().pace(at(5), NOON) is NO_PACE


def test_the_pace_comes_from_what_was_recorded() -> None:
    history = recorded((0, 0), (60, 100), (120, 200))
    pace = history.pace(at(200), NOON + 120)
    assert pace.per_minute == 100
    assert pace.eta_seconds == 98 * 60
    assert pace.still_for == 0


def test_a_batch_met_in_progress_has_its_average_at_once() -> None:
    history = History()
    batch = replace(at(600), times=Timestamps(created=NOON - 7200, in_progress=NOON - 3600))
    history.record(batch, NOON)
    assert history.pace(batch, NOON).per_minute == 10


def test_a_beginning_in_the_future_is_not_believed() -> None:
    history = History()
    batch = replace(at(600), times=Timestamps(in_progress=NOON + 3600))
    history.record(batch, NOON)
    assert history.samples("batch_1") == (Sample(NOON, 600),)


def test_an_ended_batch_nobody_saw_moving_is_not_recorded() -> None:
    history = History()
    history.record(a_batch(status=BatchStatus.COMPLETED, completed=100), NOON)
    assert history.samples("batch_1") == ()


def test_a_batch_that_is_being_validated_has_nothing_to_record() -> None:
    history = History()
    history.record(a_batch(status=BatchStatus.VALIDATING, total=0), NOON)
    assert history.samples("batch_1") == ()


def test_the_end_of_a_recorded_batch_is_recorded_once() -> None:
    history = recorded((0, 0), (60, 100))
    done = a_batch(status=BatchStatus.COMPLETED, total=10_000, completed=10_000)
    for seconds in (120, 180, 240):
        history.record(done, NOON + seconds)
    assert history.samples("batch_1")[-1] == Sample(NOON + 120, 10_000)
    assert history.pace(done, NOON + 300).samples != ()
    assert history.pace(done, NOON + 300).per_minute is None


def test_a_long_life_stays_bounded() -> None:
    history = recorded(*((5.0 * n, n) for n in range(5_000)))
    samples = history.samples("batch_1")
    assert len(samples) <= MAX_SAMPLES
    assert samples[0] == Sample(NOON, 0)
    assert samples[-1] == Sample(NOON + 5.0 * 4_999, 4_999)


def test_it_survives_a_restart(tmp_path: Path) -> None:
    history = recorded((0, 0), (60, 100), (120, 200), history=History(tmp_path / "state"))
    assert history.save()
    again = History(tmp_path / "state")
    assert again.load()
    assert again.samples("batch_1") == history.samples("batch_1")
    assert again.pace(at(200), NOON + 120) == history.pace(at(200), NOON + 120)
    assert stat.S_IMODE((tmp_path / "state" / FILE_NAME).stat().st_mode) == 0o600


def test_nothing_new_writes_nothing(tmp_path: Path) -> None:
    history = recorded((0, 0), history=History(tmp_path))
    history.save()
    (tmp_path / FILE_NAME).unlink()
    history.save()
    assert not (tmp_path / FILE_NAME).exists()


def test_only_what_moved_last_is_kept_on_disk(tmp_path: Path) -> None:
    history = History(tmp_path)
    for n in range(MAX_BATCHES + 10):
        history.record(a_batch(f"b{n}", completed=1), NOON + n)
    history.save()
    again = History(tmp_path)
    again.load()
    assert again.samples("b9") == ()
    assert again.samples("b10") != ()


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"{", b"[]", b'{"version":99,"batches":{}}', b'{"version":1,"batches":{"a":[["x",1]]}}'],
)
def test_a_spoilt_file_is_thrown_away_and_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    history = History(tmp_path)
    assert not history.load()
    assert not (tmp_path / FILE_NAME).exists()
    assert recorded((0, 0), history=history).save()


def test_times_out_of_order_on_disk_are_left_out(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b'{"version":1,"batches":{"a":[[5.0,3],[4.0,9],[6.0,2],[7.0,4]]}}')
    history = History(tmp_path)
    assert history.load()
    assert history.samples("a") == (Sample(5.0, 3), Sample(7.0, 4))


def test_no_file_is_no_mistake_and_no_directory_is_no_memory(tmp_path: Path) -> None:
    assert History(tmp_path).load()
    memory = recorded((0, 0))
    assert memory.save()
    assert memory.load()


def test_a_disk_that_refuses_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert not recorded((0, 0), history=History(tmp_path / "file")).save()


def test_a_forgotten_batch_is_gone_from_disk_too(tmp_path: Path) -> None:
    history = recorded((0, 0), history=History(tmp_path))
    history.save()
    history.forget("batch_1")
    history.save()
    again = History(tmp_path)
    again.load()
    assert again.samples("batch_1") == ()
