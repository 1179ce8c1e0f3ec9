"""Which keys run which command: the defaults, and what the configuration says instead. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path

from batch_tui.domain.errors import ConfigurationError
from batch_tui.domain.text import printable
from batch_tui.ui.commands.registry import COMMANDS, Command, Scope, scopes_of_pane

_PANES = (Scope.FILES, Scope.BATCHES, Scope.INSPECT, Scope.RESULTS)
_SHORT_NAMES = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
_NAMED = frozenset(
    (
        *("enter", "escape", "space", "tab", "backspace", "delete", "insert", "home", "end"),
        *("pageup", "pagedown", "up", "down", "left", "right"),
        *(f"f{number}" for number in range(1, 25)),
    ),
)
_SAME = {"ctrl+m": "enter", "ctrl+i": "tab", "ctrl+h": "backspace", "ctrl+[": "escape"}
"""Keys that a terminal sends as others: they would do what those do, or nothing."""
_MODIFIED = re.compile(r"(?:(?:ctrl|shift|alt)\+)+(?P<key>.+)")


def key_name(key: str) -> str:
    """A key in Textual's name: one character becomes its word (``/`` → ``slash``), names stay."""
    if len(key) != 1 or key.isalnum():
        return key
    name = unicodedata.name(key, key).lower().replace("-", "_").replace(" ", "_")
    return _SHORT_NAMES.get(name, name)


def key_string(command: Command, keymap: Mapping[str, tuple[str, ...]] | None = None) -> str:
    """The keys of a command as Textual's bindings take them: ``question_mark,f1``."""
    keys = (keymap or {}).get(command.id, command.keys)
    return ",".join(key_name(key) for key in keys)


def read_keymap(configured: Mapping[str, str], *, path: Path | None = None) -> dict[str, tuple[str, ...]]:
    """Read the keys a user configured, by command id.

    Args:
        configured: Command id to keys, several apart by spaces: ``{"cancel": "x f8"}``.
        path: The configuration file, to name the line of a mistake.

    Raises:
        ConfigurationError: An unknown command, a key that doesn't exist, none at all, or two commands of one
            pane on the same key; names the line.
    """
    known = {command.id for command in COMMANDS}
    keymap: dict[str, tuple[str, ...]] = {}
    for command_id, text in configured.items():
        if command_id not in known:
            raise _mistake(command_id, path, f"there is no command {command_id!r}{_nearest(command_id, known)}")
        keys = tuple(text.split())
        if not keys:
            raise _mistake(command_id, path, f"{command_id} has no key; name at least one")
        for key in keys:
            if not _is_key(key):
                raise _mistake(
                    command_id, path, f"{command_id} = {text!r}: {key!r} is no key (write x, X, ctrl+x, f5)"
                )
            if key.lower() in _SAME:
                same = _SAME[key.lower()]
                raise _mistake(command_id, path, f"{command_id} = {text!r}: a terminal sends {key!r} as {same}")
        keymap[command_id] = keys
    _refuse_conflicts(keymap, path)
    return keymap


def conflicts(keymap: Mapping[str, tuple[str, ...]]) -> tuple[tuple[str, str, str], ...]:
    """Commands that one pane would hear on the same key: (key, command id, command id)."""
    found: dict[tuple[str, str, str], None] = {}
    for pane in _PANES:
        scopes = scopes_of_pane(pane)
        owners: dict[str, Command] = {}
        for command in COMMANDS:
            if not command.scopes & scopes:
                continue
            for key in keymap.get(command.id, command.keys):
                owner = owners.setdefault(key_name(key), command)
                if owner.id not in {command.id, command.instead_of} and owner.instead_of != command.id:
                    found[key, owner.id, command.id] = None
    return tuple(found)


def _refuse_conflicts(keymap: Mapping[str, tuple[str, ...]], path: Path | None) -> None:
    for key, first, second in conflicts(keymap):
        guilty = second if second in keymap else first
        other = first if guilty == second else second
        raise _mistake(guilty, path, f"{key!r} is {other}'s key already; give {guilty} or {other} another")


def _is_key(key: str) -> bool:
    if len(key) == 1:
        return key.isprintable()
    modified = _MODIFIED.fullmatch(key)
    if modified:
        return len(modified["key"]) == 1 or modified["key"] in _NAMED
    return key in _NAMED


def _mistake(command_id: str, path: Path | None, what: str) -> ConfigurationError:
    where = "keymap"
    if path is not None:
        line = _line_of(command_id, path)
        where = f"{path}:{line}" if line else str(path)
    return ConfigurationError(printable(f"{where}: {what}."))


def _line_of(command_id: str, path: Path) -> int | None:
    """The line (from 1) of a TOML file that gives a command's keys, or None."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return None
    pattern = re.compile(rf"\s*(?:keys\.|keymap\.)?[\"']?{re.escape(command_id)}[\"']?\s*=")
    return next((number for number, line in enumerate(lines, 1) if pattern.match(line)), None)


def _nearest(command_id: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only for a mistake

    near = get_close_matches(command_id, list(known), n=1)
    return f" (did you mean {near[0]}?)" if near else ""
