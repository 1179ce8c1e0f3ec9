"""kill -9 at forty moments of a submit: never two batches."""

from __future__ import annotations

import random
from pathlib import Path

from tests.support.kills import start_again, submit_and_die
from tests.support.ledger_server import STEPS, ledger_server

_KILLS = 40


def test_fault_61_create_killed_forty_times_there_are_never_two(tmp_path: Path) -> None:
    dice = random.Random(61)
    with ledger_server() as server:
        for number in range(_KILLS):
            folder = tmp_path / str(number)
            folder.mkdir()
            before = len(server.batches)
            if number < len(STEPS):
                submit_and_die(folder, server, kill_at=STEPS[number])
            else:
                submit_and_die(folder, server, kill_after=dice.uniform(0.15, 0.8))
            start_again(folder, server)
            start_again(folder, server)
            assert len(server.batches) - before <= 1
        assert server.posts == len(server.batches)
        assert len(server.batches) > _KILLS / 4, "most kills hit nothing"
