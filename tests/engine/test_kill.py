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
        assert submit_and_die(tmp_path, server, kill_at=step) in {-signal.SIGKILL, 0}
        assert start_again(tmp_path, server) == [SubmitStage.SUBMITTED]
        assert len(server.batches) == 1
        assert server.posts == 1
        assert start_again(tmp_path, server) == [SubmitStage.SUBMITTED]
        assert server.posts == 1
