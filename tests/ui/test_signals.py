from __future__ import annotations

import asyncio
import os
import signal

from batch_tui.ui.terminal.signals import ENDING, Watchdog, install, uninstall


async def test_a_signal_is_told_to_the_loop() -> None:
    loop = asyncio.get_running_loop()
    told: asyncio.Queue[int] = asyncio.Queue()
    install(loop, told.put_nowait)
    try:
        for number in ENDING:
            os.kill(os.getpid(), number)
            assert await told.get() == number
    finally:
        uninstall(loop)
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_the_watchdog_restores_the_terminal_before_it_ends() -> None:
    done: list[str] = []
    dog = Watchdog(lambda: done.append("restored"), end=lambda code: done.append(f"ended {code}"), grace=60)
    dog.bite(143)
    assert done == ["restored", "ended 143"]


def test_a_disarmed_watchdog_never_bites() -> None:
    done: list[int] = []
    dog = Watchdog(lambda: None, end=done.append, grace=60)
    dog.arm(143)
    dog.arm(143)
    dog.disarm()
    assert done == []
