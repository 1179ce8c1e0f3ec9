"""Where the user was when the screen closed: a small, disposable file in the state directory."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from batch_tui.engine.configuration.paths import write_private

_VERSION = 1
_MAX_BYTES = 4_000_000
"""A file larger than this was not written here."""


class SessionState(Struct, frozen=True):
    """What makes the next start look like the last end."""

    pane: str = "batches"
    """The focused pane."""
    lower: str = "inspect"
    """The pane that stood under Batches."""
    tab: str = "overview"
    """Inspect's tab."""
    cursor: str | None = None
    """Id of the batch under the cursor."""
    filter: str = ""
    """The live filter's text."""
    sort: str = ""
    """Column id of the sort, with ``-`` in front when it falls; empty for the default."""
    marks: tuple[str, ...] = ()
    """Ids of the marked batches."""
    is_zoomed: bool = False
    shares: tuple[int, ...] = ()
    """Steps by which panes are larger than usual: Files, Batches, Inspect; empty for none."""
    version: int = _VERSION
    """Of the file's format."""


def session_file(state: Path) -> Path:
    """Where a profile's session is kept, in its state directory."""
    return state / "session.json"


def load_session(path: Path) -> SessionState:
    """The stored session; the default one when there is none or it can't be believed."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            return SessionState()
        stored = msgspec.json.decode(path.read_bytes(), type=SessionState)
    except (OSError, ValueError, RecursionError, msgspec.DecodeError):
        return SessionState()
    return stored if stored.version == _VERSION else SessionState()


def save_session(path: Path, state: SessionState) -> bool:
    """Write the session; False when it can't be kept, which loses nothing that matters."""
    try:
        write_private(path, msgspec.json.encode(state))
    except (OSError, ValueError):
        return False
    return True
