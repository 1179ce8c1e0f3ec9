"""Where a profile keeps its things, and how they are written: private, and whole or not at all."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

_APP = "batch-tui"
_UNSAFE = re.compile(r"[^A-Za-z0-9@._-]+")
_MAX_NAME = 64


class Paths(Struct, frozen=True):
    """The places of one profile; nothing is made before it is needed."""

    config: Path
    """The configuration file, which need not exist."""
    state: Path
    """Directory of what must not be lost: journal, events, history."""
    cache: Path
    """Directory of what may be thrown away at any time."""


def find_paths(environ: Mapping[str, str], profile: str) -> Paths:
    """The places of a profile, by the XDG variables or the platform's custom.

    Args:
        environ: The environment.
        profile: Any text; it becomes one clean directory name.
    """
    name = directory_name(profile)
    return Paths(
        config=config_path(environ),
        state=_base(environ, "XDG_STATE_HOME") / name,
        cache=_base(environ, "XDG_CACHE_HOME") / name,
    )


def config_path(environ: Mapping[str, str]) -> Path:
    """The configuration file: ``BATCH_TUI_CONFIG``, else ``config.toml`` in the configuration directory."""
    named = environ.get("BATCH_TUI_CONFIG", "")
    return Path(named).expanduser() if named else _base(environ, "XDG_CONFIG_HOME") / "config.toml"


def directory_name(text: str) -> str:
    """One path component for any text; different texts get different names."""
    clean = _UNSAFE.sub("_", text)[:_MAX_NAME].lstrip(".")
    if clean == text and clean:
        return clean
    import hashlib  # noqa: PLC0415 - plain names need none

    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{clean or 'profile'}-{digest}"


def make_private(directory: Path) -> None:
    """Make a directory, and those above it that are missing, for this user alone (0700).

    Raises:
        OSError: It can't be made.
    """
    missing = [directory]
    while not missing[-1].parent.exists() and missing[-1].parent != missing[-1]:
        missing.append(missing[-1].parent)
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)


def write_private(path: Path, content: bytes) -> None:
    """Replace a file in one step, readable for this user alone (0600). Blocking; not synced to the disk.

    Raises:
        OSError: It can't be written; the old file is as it was.
    """
    import tempfile  # noqa: PLC0415 - half of what this module would take to load

    make_private(path.parent)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)  # it is gone already when it took the place


def _base(environ: Mapping[str, str], variable: str) -> Path:
    """The program's directory of one kind; the XDG rules ignore a relative path."""
    named = environ.get(variable, "")
    if Path(named).is_absolute():
        return Path(named) / _APP
    import platformdirs  # noqa: PLC0415 - costs 12 ms that a set variable saves

    if variable == "XDG_CONFIG_HOME":
        return platformdirs.user_config_path(_APP)
    return (
        platformdirs.user_state_path(_APP) if variable == "XDG_STATE_HOME" else platformdirs.user_cache_path(_APP)
    )
