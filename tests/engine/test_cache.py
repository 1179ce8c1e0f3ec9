from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batch_tui.domain.batch import Batch, BatchError, Usage
from batch_tui.engine.monitoring import cache
from batch_tui.engine.monitoring.cache import FILE_NAME, Snapshot, SnapshotFile
from tests.support.batches import BATCHES, NOON, a_batch, many

SNAPSHOT = Snapshot(many(5), at=float(NOON), is_complete=True, server_offset=2.5)


def file_in(directory: Path, service: str = "https://h/v1") -> SnapshotFile:
    return SnapshotFile(directory, service=service)


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    assert file_in(tmp_path / "new").save(SNAPSHOT)
    assert file_in(tmp_path / "new").load() == SNAPSHOT


@given(batches=st.lists(BATCHES, max_size=4))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_batch_survives_the_way_to_disk_and_back(tmp_path: Path, batches: list[Batch]) -> None:
    snapshot = Snapshot(tuple(batches), at=1.0, is_complete=False)
    file_in(tmp_path).save(snapshot)
    assert file_in(tmp_path).load() == snapshot


def test_a_full_batch_keeps_everything_but_the_raw_text(tmp_path: Path) -> None:
    batch = replace(
        a_batch(metadata=MappingProxyType({"a": "b\u2028\n"})),
        errors=(BatchError("c", "m", "p", 3),),
        usage=Usage(1, 2, 3, 4, 5),
        raw="{}",
    )
    file_in(tmp_path).save(Snapshot((batch,), at=1.0, is_complete=True))
    loaded = file_in(tmp_path).load()
    assert loaded is not None
    assert loaded.batches == (batch,)
    assert loaded.batches[0].raw == ""


def test_the_first_screenful_can_be_read_alone(tmp_path: Path) -> None:
    file_in(tmp_path).save(SNAPSHOT)
    head = file_in(tmp_path).load(limit=2)
    assert head is not None
    assert head.batches == SNAPSHOT.batches[:2]
    assert not head.is_complete
    assert file_in(tmp_path).load(limit=9) == SNAPSHOT


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: b"",
        lambda text: b"\x00\xff\n",
        lambda text: text[: len(text) // 2],
        lambda text: text[:-40],
        lambda text: text + text.split(b"\n")[1],
        lambda text: text.replace(b'"version":1', b'"version":99'),
        lambda text: text.replace(b'"total":100', b'"total":"x"'),
        lambda text: b"[" * 100_000,
    ],
)
@pytest.mark.parametrize("limit", [None, 4])
def test_a_snapshot_that_is_odd_in_any_way_is_thrown_away(
    tmp_path: Path,
    spoil: object,
    limit: int | None,
) -> None:
    assert callable(spoil)
    file_in(tmp_path).save(SNAPSHOT)
    path = tmp_path / FILE_NAME
    spoilt = spoil(path.read_bytes())
    path.write_bytes(spoilt)
    loaded = file_in(tmp_path).load(limit=limit)
    if limit is None or loaded is None:
        assert loaded is None
        assert not path.exists()
    else:
        assert loaded.batches == SNAPSHOT.batches[:4]


def test_a_snapshot_of_another_service_is_not_read(tmp_path: Path) -> None:
    file_in(tmp_path).save(SNAPSHOT)
    assert file_in(tmp_path, "https://other/v1").load() is None


def test_no_snapshot_is_no_mistake(tmp_path: Path) -> None:
    assert file_in(tmp_path).load() is None
    (tmp_path / FILE_NAME).mkdir()
    assert file_in(tmp_path).load() is None


def test_a_disk_that_refuses_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    assert not file_in(tmp_path).save(SNAPSHOT)
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]
    (tmp_path / "file").write_text("")
    assert not file_in(tmp_path / "file").save(SNAPSHOT)


def test_only_the_user_may_read_it(tmp_path: Path) -> None:
    file_in(tmp_path / "a" / "b").save(SNAPSHOT)
    assert stat.S_IMODE((tmp_path / "a" / "b" / FILE_NAME).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700


def test_fault_74_state_of_batches_too_long_for_the_file_the_newest_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "MAX_BYTES", 20_000)
    monkeypatch.setattr(cache, "MAX_FIRST_BYTES", 5_000)
    long = tuple(replace(batch, model="m" * 4_000) for batch in many(50))
    assert file_in(tmp_path).save(Snapshot(long, at=1.0, is_complete=True))
    assert (tmp_path / FILE_NAME).stat().st_size <= 20_000
    whole = file_in(tmp_path).load()
    assert whole is not None
    assert whole.batches == long[:3]
    assert (whole.is_complete, whole.is_partial) == (False, False)
    first = file_in(tmp_path).load(limit=3)
    assert first is not None
    assert first.batches == long[:2], "a first picture waits for no more than is in sight"
    assert (first.is_complete, first.is_partial) == (False, True)


def test_fault_74_state_a_file_that_grew_beyond_all_bounds_is_thrown_away_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_in(tmp_path).save(SNAPSHOT)
    monkeypatch.setattr(cache, "MAX_BYTES", 1_000)
    assert file_in(tmp_path).load(limit=1) is None
    assert not (tmp_path / FILE_NAME).exists()
