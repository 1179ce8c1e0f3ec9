from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

import pytest

from batch_tui.domain.errors import StateError
from batch_tui.domain.operation import CancelOperation, CancelStage, SubmitOperation, SubmitStage
from batch_tui.engine.submitting.journal import Journal

INTENT = "a" * 32


def a_submit(intent: str = INTENT) -> SubmitOperation:
    return SubmitOperation(
        intent=intent,
        path="/tmp/in ✓.jsonl",  # noqa: S108 - only a name
        sha256="00",
        endpoint="/v1/responses",
        created_at=7,
        metadata={"team": "ä", "x": '"'},
    )


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def make_old(folder: Path) -> None:
    for path in folder.iterdir():
        os.utime(path, (0, 0))


async def test_what_was_saved_is_read_back_by_the_next_start(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "operations")
    submit = a_submit().upload_begins().upload_done("file-1", 12)
    cancel = CancelOperation("b" * 32, "batch_1", 8)
    await journal.save(submit)
    await journal.save(cancel)
    again = Journal(tmp_path / "operations")
    assert await again.load() == ()
    assert again.submits() == (submit,)
    assert again.cancels() == (cancel,)


async def test_a_batch_leads_to_the_submit_that_made_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    done = a_submit().upload_begins().upload_done("f", None).create_begins().submitted("batch_7")
    await journal.save(done)
    assert journal.submit_of("batch_7") == done
    assert journal.submit_of("batch_8") is None


async def test_files_are_for_the_user_alone(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "operations")
    await journal.save(a_submit())
    assert stat.S_IMODE((tmp_path / "operations").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "operations" / f"{INTENT}.json").stat().st_mode) == 0o600
    assert names(tmp_path / "operations") == [f"{INTENT}.json"]


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"\x00" * 40,
        b"{",
        b"[" * 100_000,
        b'{"version":2,"kind":"submit","operation":{}}',
        b'{"version":1,"kind":"refund","operation":{}}',
        b'{"version":1,"kind":"submit","operation":{"intent":"x"}}',
        b'{"version":1,"kind":"cancel","operation":{"intent":"other","batch_id":"b","created_at":1}}',
    ],
)
async def test_fault_59_state_a_damaged_file_is_moved_aside_and_loses_only_itself(
    tmp_path: Path,
    damage: bytes,
) -> None:
    journal = Journal(tmp_path)
    await journal.save(a_submit("1" * 32))
    (tmp_path / f"{'2' * 32}.json").write_bytes(damage)
    again = Journal(tmp_path)
    notes = await again.load()
    assert len(notes) == 1
    assert "moved to" in notes[0]
    assert [o.intent for o in again.submits()] == ["1" * 32]
    assert [path.read_bytes() for path in (tmp_path / "unreadable").iterdir()] == [damage]
    assert await Journal(tmp_path).load() == ()


async def test_fault_58_state_an_unwritable_directory_is_a_state_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    journal = Journal(tmp_path / "file" / "operations")
    with pytest.raises(StateError, match="Can't write"):
        await journal.save(a_submit())
    assert journal.submits() == ()
    assert await journal.load() == ()


async def test_fault_58_state_a_write_that_fails_half_way_leaves_the_old_operation(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    journal = Journal(tmp_path)
    await journal.save(a_submit())

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StateError, match="No space left"):
            await journal.save(a_submit().upload_begins())
    again = Journal(tmp_path)
    await again.load()
    assert [o.stage for o in again.submits()] == [SubmitStage.PLANNED]
    assert [o.stage for o in journal.submits()] == [SubmitStage.PLANNED]
    assert names(tmp_path) == [f"{INTENT}.json"]


async def test_fault_60_state_only_one_instance_works_on_an_operation(tmp_path: Path) -> None:
    one, two = Journal(tmp_path), Journal(tmp_path)
    async with one.claim(INTENT) as is_ours:
        assert is_ours
        async with two.claim(INTENT) as is_theirs:
            assert not is_theirs
        async with two.claim("b" * 32) as is_other:
            assert is_other
    async with two.claim(INTENT) as is_theirs:
        assert is_theirs
    assert names(tmp_path) == []


async def test_fault_60_state_a_race_for_one_lock_has_one_winner_at_a_time(tmp_path: Path) -> None:
    inside = most = wins = 0

    async def compete() -> None:
        nonlocal inside, most, wins
        journal = Journal(tmp_path)
        for _ in range(20):
            async with journal.claim(INTENT) as is_ours:
                if is_ours:
                    inside += 1
                    most = max(most, inside)
                    wins += 1
                    await asyncio.sleep(0)
                    inside -= 1

    await asyncio.gather(*(compete() for _ in range(5)))
    assert most == 1
    assert wins >= 1


async def test_reading_one_operation_sees_what_another_instance_did(tmp_path: Path) -> None:
    one, two = Journal(tmp_path), Journal(tmp_path)
    await one.save(a_submit())
    await two.load()
    await one.save(a_submit().upload_begins())
    operation = await two.read(INTENT)
    assert isinstance(operation, SubmitOperation)
    assert operation.stage is SubmitStage.UPLOADING
    assert await two.read("f" * 32) is None


async def test_a_save_that_is_cancelled_is_finished_all_the_same(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    saving = asyncio.ensure_future(journal.save(a_submit()))
    await asyncio.sleep(0)
    saving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await saving
    again = Journal(tmp_path)
    await again.load()
    assert len(again.submits()) == 1


async def test_ended_operations_are_forgotten_after_two_months_and_open_ones_never(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    ended = CancelOperation("c" * 32, "batch_1", 0).ended(CancelStage.CONFIRMED)
    await journal.save(ended)
    await journal.save(a_submit())
    make_old(tmp_path)
    again = Journal(tmp_path)
    await again.load()
    assert again.cancels() == ()
    assert len(again.submits()) == 1
    assert names(tmp_path) == [f"{INTENT}.json"]


async def test_giving_up_while_locking_leaves_no_lock_behind(tmp_path: Path) -> None:
    journal = Journal(tmp_path)

    async def work() -> None:
        async with journal.claim(INTENT):
            await asyncio.Event().wait()

    for steps in range(4):
        running = asyncio.ensure_future(work())
        for _ in range(steps):
            await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        async with Journal(tmp_path).claim(INTENT) as is_ours:
            assert is_ours


async def test_what_a_quiet_load_lost_is_told_by_the_next(tmp_path: Path) -> None:
    await Journal(tmp_path).save(a_submit())
    (tmp_path / f"{'2' * 32}.json").write_bytes(b"")
    journal = Journal(tmp_path)
    await journal.ensure_loaded()
    await journal.ensure_loaded()
    assert len(journal.submits()) == 1
    assert len(await journal.load()) == 1
    assert await journal.load() == ()


async def test_an_operation_damaged_meanwhile_is_known_as_it_was(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    await journal.save(a_submit())
    (tmp_path / f"{INTENT}.json").write_bytes(b"")
    assert await journal.read(INTENT) == a_submit()
