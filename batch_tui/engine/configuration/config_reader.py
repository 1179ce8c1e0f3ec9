"""From the text of a configuration file to its tables, or to an error that names the line."""

from __future__ import annotations

import re
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import TypeGuard, TypeVar

import msgspec
from msgspec import Struct, field

from batch_tui.domain.errors import ConfigurationError
from batch_tui.domain.text import printable
from batch_tui.engine.configuration.config import (
    Config,
    GuardTable,
    KeyPath,
    LimitsTable,
    NotifyTable,
    PriceTable,
    ProfileTable,
    UiTable,
    place_of,
)

T = TypeVar("T")

_HEADER = re.compile(r"^\s*\[\[?\s*(?P<path>[^\[\]#]+?)\s*\]\]?")
_ENTRY = re.compile(r"""^\s*(?P<path>(?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")
_TOML_LINE = re.compile(r"\(at line (\d+), column \d+\)|\(at end of document\)")
_FAULT = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<where>[^`]*)`)?$", re.DOTALL)
_PLACE_PART = re.compile(r"[^.\[\]]+|\[\.\.\.\]")
_EXPECTED = re.compile(r"^Expected `([^`]*)`, got `([^`]*)`$")
_WORDS = {
    "str": "text in quotes",
    "int": "a whole number",
    "float": "a number",
    "decimal": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
}


class _RootTable(Struct, frozen=True):
    default_profile: str | None = None
    ui: UiTable = field(default_factory=UiTable)
    notify: NotifyTable = field(default_factory=NotifyTable)
    guard: GuardTable = field(default_factory=GuardTable)
    guard_for: dict[str, GuardTable] = field(default_factory=dict[str, GuardTable])
    profiles: dict[str, object] = field(default_factory=dict[str, object])
    keys: dict[str, str] = field(default_factory=dict[str, str])


class Reader:
    """Turns the text of one file into a :class:`Config`, or into an error with a line."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = _lines_of(text)
        self._raw = self._parse(text)

    def read(self) -> Config:
        """The tables; raises ConfigurationError at the first mistake."""
        root = self._convert(self._raw, _RootTable, ())
        for name, table in (("ui", UiTable), ("notify", NotifyTable), ("guard", GuardTable)):
            self._known(self._raw.get(name), table, (name,))
        named = self._raw.get("guard_for")
        for pattern in root.guard_for:
            self._known(named.get(pattern) if _is_table(named) else None, GuardTable, ("guard_for", pattern))
        return Config(
            path=self._path,
            default_profile=root.default_profile,
            profiles={name: self._profile(name, table) for name, table in root.profiles.items()},
            ui=root.ui,
            notify=root.notify,
            guard=root.guard,
            guard_for=root.guard_for,
            keys=root.keys,
            lines=self._lines,
        )

    def _parse(self, text: str) -> dict[str, object]:
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            found = _TOML_LINE.search(str(error))
            line = int(found[1]) if found and found[1] else text.count("\n") + 1
            what = _TOML_LINE.sub("", str(error)).strip().rstrip(".")
            raise ConfigurationError(f"{self._path}:{line}: {printable(what)}; this is no TOML.") from error
        except RecursionError as error:
            raise ConfigurationError(f"{self._path} is nested too deeply; this is no configuration.") from error

    def _profile(self, name: str, raw: object) -> ProfileTable:
        here = ("profiles", name)
        table = self._convert(raw, ProfileTable, here)
        if _is_table(raw):
            self._known(raw.get("limits"), LimitsTable, (*here, "limits"))
            self._known(raw.get("guard"), GuardTable, (*here, "guard"))
            prices = raw.get("prices")
            for model in table.prices:
                self._known(prices.get(model) if _is_table(prices) else None, PriceTable, (*here, "prices", model))
        return table

    def _convert(self, raw: object, table: type[T], here: KeyPath) -> T:
        self._known(raw, table, here)
        try:
            return msgspec.convert(raw, table)
        except msgspec.ValidationError as error:
            found = _FAULT.match(str(error))
            what, where = (found["what"], found["where"] or "") if found else (str(error), "")
            key = (*here, *self._named(raw, where))
            name = ".".join(key) or "the file"
            raise ConfigurationError(f"{self._at(key)}: {printable(name)}: {_plain(what)}.") from error

    def _named(self, raw: object, where: str) -> KeyPath:
        """The keys of a place as msgspec tells it: ``[...]`` is some key of a mapping, ``[0]`` an index."""
        key: list[str] = []
        for part in _PLACE_PART.findall(where):
            if part.isdigit():
                break
            name = self._culprit(raw, key[-1:]) if part == "[...]" and _is_table(raw) else part
            key.append(name)
            raw = raw.get(name) if _is_table(raw) else None
        return tuple(key)

    def _culprit(self, raw: dict[str, object], here: list[str]) -> str:
        """The entry of a mapping of prices, rules or keys that can't be converted."""
        table = GuardTable if here == ["guard_for"] else PriceTable
        for name, value in raw.items():
            try:
                msgspec.convert(value, table if _is_table(value) else str)
            except msgspec.ValidationError:
                return name
        return "..."

    def _known(self, raw: object, table: type[object], here: KeyPath) -> None:
        """Refuse a key the table doesn't have, with the nearest one it has."""
        if not _is_table(raw):
            return
        names = _field_names(table)
        for key in raw:
            if key in names:
                continue
            near = get_close_matches(key, names, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(sorted(names))}."
            raise ConfigurationError(f"{self._at((*here, key))}: unknown key {printable(key)!r}; {hint}")

    def _at(self, key: KeyPath) -> str:
        return place_of(self._path, self._lines, key)


def _field_names(table: type[object]) -> tuple[str, ...]:
    return table.__struct_fields__ if issubclass(table, Struct) else ()


def _plain(what: str) -> str:
    """A type fault in words a person uses."""
    found = _EXPECTED.match(what)
    if found is None:
        return printable(what.replace("Invalid enum value", "not one of the known words:"))
    wanted = " or ".join(_WORDS.get(word, word) for word in found[1].split(" | ") if word != "null")
    return f"must be {wanted}, not {_WORDS.get(found[2], found[2])}"


def _is_table(raw: object) -> TypeGuard[dict[str, object]]:
    """TOML tables have text keys only."""
    return isinstance(raw, dict)


def _lines_of(text: str) -> dict[KeyPath, int]:
    """Where tables and keys stand. A reading for messages only: exotic layouts just lose their line."""
    found: dict[KeyPath, int] = {}
    table: KeyPath = ()
    for number, line in enumerate(text.split("\n"), start=1):
        if header := _HEADER.match(line):
            table = _parts(header["path"])
            key = table
        elif entry := _ENTRY.match(line):
            key = (*table, *_parts(entry["path"]))
        else:
            continue
        for end in range(1, len(key) + 1):
            found.setdefault(key[:end], number)
    return found


def _parts(path: str) -> KeyPath:
    return tuple(part.strip("\"'") for part in _PART.findall(path))
