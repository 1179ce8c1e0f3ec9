"""The configuration file: its tables, read from TOML with the line of every mistake.

``$XDG_CONFIG_HOME/batch-tui/config.toml`` (or the file named by ``BATCH_TUI_CONFIG``)::

    default_profile = "work"

    [profiles.work]
    provider = "openai"                  # presets: openai azure groq dashscope other
    base_url = "https://api.openai.com/v1"
    api_key_env = "WORK_OPENAI_KEY"      # or: api_key_command = "pass show openai"
                                         # or: api_key_keyring = "SERVICE/USER", as in: keyring set SERVICE USER
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
    [guard_for."nightly-*"]              # for batches of such a name, or of this id, instead of the above

    [keys]                               # command id = key
    cancel = "x"
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Literal

from msgspec import Struct, field

from batch_tui.domain.errors import ConfigurationError

KeyPath = tuple[str, ...]


class PriceTable(Struct, frozen=True):
    """``[profiles.NAME.prices.MODEL]``: US dollars per million tokens, at batch rates."""

    input: Decimal
    output: Decimal = Decimal(0)
    cached: Decimal | None = None
    """Of input tokens read from the cache; left out, they cost what others cost."""


class LimitsTable(Struct, frozen=True):
    """``[profiles.NAME.limits]``: what the service accepts; a key left out keeps the preset's value."""

    max_requests: int | None = None
    max_bytes: int | None = None
    max_embedding_inputs: int | None = None
    max_line_bytes: int | None = None
    min_expires_after: int | None = None
    max_expires_after: int | None = None
    creations_per_hour: int | None = None
    enqueued_tokens: int | None = None
    allows_mixed_models: bool | None = None


class GuardTable(Struct, frozen=True):
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


class ProfileTable(Struct, frozen=True):
    """``[profiles.NAME]``: one service with one key."""

    provider: Literal["openai", "azure", "groq", "dashscope", "other"] = "other"
    base_url: str | None = None
    api_key_env: str | None = None
    """Name of the variable that holds the key."""
    api_key_command: str | None = None
    """Command whose first line of output is the key; run without a shell."""
    api_key_keyring: str | None = None
    """``SERVICE/USER`` of the system's keyring; needs the extra ``[keyring]``."""
    organization: str | None = None
    project: str | None = None
    completion_window: str = "24h"
    read_only: bool = False
    insecure_http: bool = False
    confirm_above: Decimal | None = None
    limits: LimitsTable = LimitsTable()
    prices: dict[str, PriceTable] = field(default_factory=dict[str, PriceTable])
    guard: GuardTable | None = None


class UiTable(Struct, frozen=True):
    """``[ui]``: how the screen looks; flags and the environment go before it."""

    theme: str | None = None
    ascii: bool | None = None
    """None decides by the locale."""
    mouse: bool = True
    columns: tuple[str, ...] = ()
    """Columns of Batches in order; empty for the usual ones."""


class NotifyTable(Struct, frozen=True):
    """``[notify]``: how to call for attention."""

    when: Literal["unfocused", "always", "never"] = "unfocused"
    how: Literal["bell", "osc9", "osc777", "osc99", "tmux", "command"] = "bell"
    command: str | None = None
    on: tuple[Literal["ended", "failed", "runaway"], ...] = ("ended", "failed", "runaway")


DEFAULT_NOTIFY = NotifyTable()


class Config(Struct, frozen=True):
    """A configuration file, every value of the right type."""

    path: Path
    default_profile: str | None = None
    profiles: Mapping[str, ProfileTable] = field(default_factory=dict[str, ProfileTable])
    ui: UiTable = UiTable()
    notify: NotifyTable = NotifyTable()
    guard: GuardTable = GuardTable()
    guard_for: Mapping[str, GuardTable] = field(default_factory=dict[str, GuardTable])
    """By a pattern for a batch's name, or its id."""
    keys: Mapping[str, str] = field(default_factory=dict[str, str])
    lines: Mapping[KeyPath, int] = field(default_factory=dict[KeyPath, int])
    """1-based line of each table and key, for messages about values that only others can judge."""

    def place(self, *key: str) -> str:
        """Where a key stands: ``FILE:LINE``, or the file alone when the line isn't known."""
        return place_of(self.path, self.lines, key)


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
    from batch_tui.engine.configuration.config_reader import Reader  # noqa: PLC0415 - most have no file, and a TOML parser takes time

    return Reader(path, text).read()


def place_of(path: Path, lines: Mapping[KeyPath, int], key: KeyPath) -> str:
    """Where a key stands: ``FILE:LINE`` of it, or of the nearest table around it whose line is known."""
    for end in range(len(key), 0, -1):
        if key[:end] in lines:
            return f"{path}:{lines[key[:end]]}"
    return str(path)
