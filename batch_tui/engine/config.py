"""The configuration file: its tables, read from TOML with the line of every mistake.

``$XDG_CONFIG_HOME/batch-tui/config.toml`` (or the file named by ``BATCH_TUI_CONFIG``)::

    default_profile = "work"

    [profiles.work]
    provider = "openai"                  # presets: openai azure groq dashscope other
    base_url = "https://api.openai.com/v1"
    api_key_env = "WORK_OPENAI_KEY"      # or: api_key_command = "pass show openai"
    organization = "org-..."
    project = "proj_..."
    read_only = false
    confirm_above = 25.0                 # ask again above this many US dollars

    [profiles.work.limits]               # over the preset's
    max_requests = 50000
    [profiles.work.prices."my-model"]    # US dollars per million tokens, at batch rates
    input = 0.5
    output = 2.0
    [profiles.work.guard]                # instead of [guard] below
    cost_above = 100.0

    [ui]
    theme = "nord"
    ascii = false
    mouse = true
    columns = ["name", "status", "progress", "done", "fail", "age", "left"]

    [notify]
    when = "unfocused"                   # or: always never
    how = "bell"                         # or: osc9 osc777 osc99 tmux command
    command = "notify-send batch-tui"    # gets one JSON object on stdin
    on = ["ended", "failed", "runaway"]

    [guard]
    failure_percent = 20.0
    after_requests = 100
    cost_above = 50.0
    no_progress_minutes = 30.0
    expires_within_minutes = 120.0
    below_percent = 90.0
    cancel_on = []                       # of: "failures" "cost" "stalled" "expiring"
    countdown_seconds = 60.0

    [keys]                               # command id = key
    cancel = "x"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Literal, TypeGuard, TypeVar

import msgspec

from batch_tui.domain.errors import ConfigurationError
from batch_tui.domain.text import printable

T = TypeVar("T")
KeyPath = tuple[str, ...]

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


@dataclass(frozen=True, slots=True)
class PriceTable:
    """``[profiles.NAME.prices.MODEL]``: US dollars per million tokens, at batch rates."""

    input: Decimal
    output: Decimal = Decimal(0)
    cached: Decimal | None = None
    """Of input tokens read from the cache; left out, they cost what others cost."""


@dataclass(frozen=True, slots=True)
class LimitsTable:
    """``[profiles.NAME.limits]``: what the service accepts; a key left out keeps the preset's value."""

    max_requests: int | None = None
    max_bytes: int | None = None
    max_embedding_inputs: int | None = None
    max_line_bytes: int | None = None
    creations_per_hour: int | None = None
    enqueued_tokens: int | None = None
    allows_mixed_models: bool | None = None


@dataclass(frozen=True, slots=True)
class GuardTable:
    """``[guard]``: when a batch counts as running away; 0 switches a rule off."""

    failure_percent: float = 20.0
    after_requests: int = 100
    cost_above: Decimal = Decimal(0)
    no_progress_minutes: float = 30.0
    expires_within_minutes: float = 120.0
    below_percent: float = 90.0
    cancel_on: tuple[Literal["failures", "cost", "stalled", "expiring"], ...] = ()
    """Rules that cancel by themselves, after the countdown; all of them always mark."""
    countdown_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class ProfileTable:
    """``[profiles.NAME]``: one service with one key."""

    provider: Literal["openai", "azure", "groq", "dashscope", "other"] = "other"
    base_url: str | None = None
    api_key_env: str | None = None
    """Name of the variable that holds the key."""
    api_key_command: str | None = None
    """Command whose first line of output is the key; run without a shell."""
    organization: str | None = None
    project: str | None = None
    completion_window: str = "24h"
    read_only: bool = False
    insecure_http: bool = False
    confirm_above: Decimal | None = None
    limits: LimitsTable = LimitsTable()
    prices: dict[str, PriceTable] = field(default_factory=dict[str, PriceTable])
    guard: GuardTable | None = None


@dataclass(frozen=True, slots=True)
class UiTable:
    """``[ui]``: how the screen looks; flags and the environment go before it."""

    theme: str | None = None
    ascii: bool | None = None
    """None decides by the locale."""
    mouse: bool = True
    columns: tuple[str, ...] = ()
    """Columns of Batches in order; empty for the usual ones."""


@dataclass(frozen=True, slots=True)
class NotifyTable:
    """``[notify]``: how to call for attention."""

    when: Literal["unfocused", "always", "never"] = "unfocused"
    how: Literal["bell", "osc9", "osc777", "osc99", "tmux", "command"] = "bell"
    command: str | None = None
    on: tuple[Literal["ended", "failed", "runaway"], ...] = ("ended", "failed", "runaway")


DEFAULT_NOTIFY = NotifyTable()


@dataclass(frozen=True, slots=True)
class _RootTable:
    default_profile: str | None = None
    ui: UiTable = UiTable()
    notify: NotifyTable = NotifyTable()
    guard: GuardTable = GuardTable()
    profiles: dict[str, object] = field(default_factory=dict[str, object])
    keys: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration file, every value of the right type."""

    path: Path
    default_profile: str | None = None
    profiles: Mapping[str, ProfileTable] = field(default_factory=dict[str, ProfileTable])
    ui: UiTable = UiTable()
    notify: NotifyTable = NotifyTable()
    guard: GuardTable = GuardTable()
    keys: Mapping[str, str] = field(default_factory=dict[str, str])
    lines: Mapping[KeyPath, int] = field(default_factory=dict[KeyPath, int])
    """1-based line of each table and key, for messages about values that only others can judge."""

    def place(self, *key: str) -> str:
        """Where a key stands: ``FILE:LINE``, or the file alone when the line isn't known."""
        return _place(self.path, self.lines, key)


def read_config(path: Path) -> Config:
    """Read a configuration file; one that doesn't exist is an empty one.

    Raises:
        ConfigurationError: It can't be read, or something in it is wrong; names the file and the line.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return Config(path)
    except OSError as error:
        raise ConfigurationError(f"Cannot read {path}: {error.strerror}; mend or remove it.") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8 text; save it as UTF-8.") from error
    return _Reader(path, text).read()


class _Reader:
    """Turns the text of one file into a :class:`Config`, or into an error with a line."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = _lines_of(text)
        self._raw = self._parse(text)

    def read(self) -> Config:
        root = self._convert(self._raw, _RootTable, ())
        for name, table in (("ui", UiTable), ("notify", NotifyTable), ("guard", GuardTable)):
            self._known(self._raw.get(name), table, (name,))
        return Config(
            path=self._path,
            default_profile=root.default_profile,
            profiles={name: self._profile(name, table) for name, table in root.profiles.items()},
            ui=root.ui,
            notify=root.notify,
            guard=root.guard,
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
            name = self._culprit(raw) if part == "[...]" and _is_table(raw) else part
            key.append(name)
            raw = raw.get(name) if _is_table(raw) else None
        return tuple(key)

    def _culprit(self, raw: dict[str, object]) -> str:
        """The entry of a mapping of prices or keys that can't be converted."""
        for name, value in raw.items():
            try:
                msgspec.convert(value, PriceTable if _is_table(value) else str)
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
        return _place(self._path, self._lines, key)


def _field_names(table: type[object]) -> list[str]:
    return [entry.name for entry in fields(table)] if is_dataclass(table) else []


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


def _place(path: Path, lines: Mapping[KeyPath, int], key: KeyPath) -> str:
    for end in range(len(key), 0, -1):
        if key[:end] in lines:
            return f"{path}:{lines[key[:end]]}"
    return str(path)


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
