from __future__ import annotations

import signal
from pathlib import Path

import pytest

from batch_tui.domain.operation import SubmitStage
from tests.support.kills import start_again, submit_and_die
from tests.support.ledger_server import STEPS, ledger_server


@pytest.mark.parametrize("step", STEPS)
def test_fault_61_create_killed_with_9_at_a_step_the_ledger_has_one_batch(tmp_path: Path, step: str) -> None:
    with ledger_server() as server:
        ends = {-signal.SIGKILL, 0} if step == "create:replied" else {-signal.SIGKILL}
        assert submit_and_die(tmp_path, server, kill_at=step) in ends
        assert start_again(tmp_path, server) == [SubmitStage.SUBMITTED]
        assert len(server.batches) == 1
        assert server.posts == 1
        assert start_again(tmp_path, server) == [SubmitStage.SUBMITTED]
        assert server.posts == 1


ENTRIES = 5
"""Entries a submit makes in the journal; the fourth is the last before its POST, the fifth the first after."""


@pytest.mark.parametrize("entry", range(1, ENTRIES + 1))
@pytest.mark.parametrize("when", ["before", "after"])
def test_fault_61_create_state_killed_around_an_entry_in_the_journal_there_is_one_batch_or_none(
    tmp_path: Path, when: str, entry: int
) -> None:
    ends = {("before", 1): [], ("after", 4): [SubmitStage.MAYBE]}
    end = ends.get((when, entry), [SubmitStage.SUBMITTED])
    with ledger_server() as server:
        assert submit_and_die(tmp_path, server, die=(when, str(entry))) == -signal.SIGKILL
        for _ in range(2):
            assert start_again(tmp_path, server) == end
            assert len(server.batches) == server.posts == (end == [SubmitStage.SUBMITTED])


def test_a_submit_has_no_more_entries_than_are_tried(tmp_path: Path) -> None:
    with ledger_server() as server:
        assert submit_and_die(tmp_path, server, die=("before", str(ENTRIES + 1))) == 0
