"""The crash report: a bug's traceback without locals, without the key, readable by its owner only."""

from __future__ import annotations

import os
import platform
import time
import traceback
from collections.abc import Iterable
from pathlib import Path

from batch_tui import __version__
from batch_tui.domain.redaction import redact
from batch_tui.domain.text import printable_body


def report_text(error: BaseException, secrets: Iterable[str]) -> str:
    """The report: versions and the traceback with its causes, no locals."""
    trace = "".join(traceback.TracebackException.from_exception(error, capture_locals=False).format())
    system = f"{platform.system()} {platform.release()}"
    head = f"batch-tui {__version__} · Python {platform.python_version()} · {system}\n"
    return printable_body(redact(head + trace, secrets))


def write_crash(error: BaseException, directory: Path, *, secrets: Iterable[str] = ()) -> Path | None:
    """Write the report to a new file that only its owner can read.

    Returns:
        The file, or None when the directory can't take it.
    """
    name = time.strftime("crash-%Y%m%d-%H%M%S", time.gmtime()) + f"-{os.getpid()}.txt"
    path = directory / name
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as out:
            out.write(report_text(error, secrets))
    except OSError:
        return None
    return path


def crash_line(error: BaseException, path: Path | None, secrets: Iterable[str]) -> str:
    """The one line that is said after the terminal was restored."""
    first = (str(error).splitlines() or [""])[0][:200]
    what = redact(f"{type(error).__name__}: {first}".rstrip(": "), secrets)
    where = f"the report is in {path}" if path else "the report could not be written"
    return printable_body(f"batch-tui crashed ({what}); {where}. Nothing sent is lost: start again to go on.")
