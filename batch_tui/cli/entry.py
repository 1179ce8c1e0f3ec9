"""Where the program begins: the last known picture first, then everything that has to be loaded."""

from __future__ import annotations

import os
import sys

from batch_tui.ui.first_frame import FirstFrame, wanted

_ENDING = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM")


def main() -> int:
    """Run the command line; gives the exit code."""
    first = wanted(sys.argv[1:], dict(os.environ))
    if first is None:
        from batch_tui.cli.main import main as run  # noqa: PLC0415 - after the picture

        return run()
    return _with_picture(first)


def _with_picture(first: FirstFrame) -> int:
    """Paint, load, run; whatever happens, the terminal is given back."""
    import gc  # noqa: PLC0415 - built in; only the screen defers collection

    gc.disable()  # the screen turns it on after its first picture
    _end_in_order(first)
    try:
        first.paint()
        from batch_tui.cli.main import main as run  # noqa: PLC0415

        return run(first_frame=first)
    finally:
        first.leave()


def _end_in_order(first: FirstFrame) -> None:
    """Until the screen has its own handlers, a signal gives the terminal back before it ends the program."""
    builtin = sys.modules["_signal"]  # what ``signal`` wraps; the wrapper costs more than the picture

    def end(number: int, _frame: object) -> None:
        first.leave()
        os._exit(128 + number)

    for name in _ENDING:
        builtin.signal(getattr(builtin, name), end)
