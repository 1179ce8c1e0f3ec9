"""Which service, which key, which limits: flag > ``BATCH_TUI_…`` > profile > the SDK's own variables.

====================== =========================== ============================= ====================
what                   environment                 profile (see ``config``)      the SDK's variable
====================== =========================== ============================= ====================
profile                BATCH_TUI_PROFILE           default_profile               -
base URL               BATCH_TUI_BASE_URL          base_url, provider            OPENAI_BASE_URL
key                    BATCH_TUI_API_KEY           api_key_env, api_key_command, OPENAI_API_KEY
                                                   api_key_keyring
organization           BATCH_TUI_ORG_ID            organization                  OPENAI_ORG_ID
project                BATCH_TUI_PROJECT_ID        project                       OPENAI_PROJECT_ID
read-only              BATCH_TUI_READ_ONLY         read_only                     -
plain http             BATCH_TUI_INSECURE_HTTP     insecure_http                 -
theme, ASCII, mouse    BATCH_TUI_THEME/ASCII/MOUSE [ui]                          -
====================== =========================== ============================= ====================

There is no flag for the key: a command line is no secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from msgspec import Struct

from batch_tui.domain.errors import ConfigurationError
from batch_tui.domain.guard import DEFAULT_RULES, GuardRules
from batch_tui.domain.limits import OPENAI_LIMITS, Limits
from batch_tui.domain.money import Price
from batch_tui.engine.configuration.config import DEFAULT_NOTIFY, Config, NotifyTable, ProfileTable, read_config
from batch_tui.engine.configuration.connect import Endpoint, choose_endpoint, choose_key, header_value, host_of
from batch_tui.engine.configuration.paths import Paths, find_paths
from batch_tui.engine.configuration.profile import guard_rules, limits_of, prices_of

DEFAULT_PROFILE = "default"
"""Name of the profile that stands for the environment alone."""
_YES, _NO = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off", ""})


@dataclass(frozen=True, slots=True)
class Profile:
    """One service with one key."""

    name: str
    base_url: str
    """Without a slash at its end."""
    api_key: str = field(repr=False)
    """Empty when none was needed."""
    key_source: str = ""
    """The variable or the way the key came by, for messages; empty without a key."""
    organization: str | None = None
    project: str | None = None
    limits: Limits = OPENAI_LIMITS
    completion_window: str = "24h"
    read_only: bool = False
    insecure_http: bool = False
    """Plain http to another machine was asked for."""
    confirm_above: Decimal | None = None
    """US dollars above which a submit asks again; None never does."""
    prices: Mapping[str, Price] = field(default_factory=dict[str, Price])
    """The user's own prices, by model; they go before the bundled ones."""

    @property
    def host(self) -> str:
        """Host and port of the service, for messages."""
        return host_of(self.base_url)


class Settings(Struct, frozen=True):
    """Everything a front end needs to know before it starts."""

    profile: Profile
    paths: Paths
    keymap: Mapping[str, str] = {}
    """The user's keys by command id, not yet judged; ``places`` tells where each stands."""
    theme: str | None = None
    is_ascii: bool | None = None
    """None: the locale decides."""
    mouse: bool = True
    notes: tuple[str, ...] = ()
    """Sentences the user should see once."""
    columns: tuple[str, ...] = ()
    """Columns of Batches in order; empty for the usual ones."""
    notify: NotifyTable = DEFAULT_NOTIFY
    guard: GuardRules = DEFAULT_RULES
    profiles: tuple[str, ...] = ()
    """Names of all profiles in the configuration, in its order."""
    places: Mapping[str, str] = {}
    """Where each key of ``keymap`` stands, as ``FILE:LINE``."""


class Flags(Struct, frozen=True):
    """What the command line says about the settings; None and False leave them to the environment."""

    profile: str | None = None
    base_url: str | None = None
    is_read_only: bool = False
    is_ascii: bool = False
    no_mouse: bool = False
    insecure_http: bool = False


def load_settings(environ: Mapping[str, str], flags: Flags, *, needs_key: bool = True) -> Settings:
    """Put the settings together.

    Args:
        environ: The environment.
        flags: The command line.
        needs_key: False for what talks to no service: a missing key is then no mistake, and no command is run.

    Raises:
        ConfigurationError: One sentence that names the file and line, or the variable, and the next step.
    """
    config = read_config(find_paths(environ, DEFAULT_PROFILE).config)
    _require_named_file(environ, config)
    name = _profile_name(environ, flags, config)
    table = config.profiles.get(name, ProfileTable())
    is_insecure = flags.insecure_http or _switch(environ, "BATCH_TUI_INSECURE_HTTP", is_on=table.insecure_http)
    endpoint = choose_endpoint(environ, config, name, flag=flags.base_url, is_insecure=is_insecure)
    key = choose_key(environ, config, name, endpoint) if needs_key else None
    profile = Profile(
        name=name,
        base_url=endpoint.url,
        api_key=key.secret if key else "",
        key_source=key.source if key else "",
        organization=_header(environ, config, name, "organization", "ORG_ID"),
        project=_header(environ, config, name, "project", "PROJECT_ID"),
        limits=limits_of(table, config, name),
        completion_window=table.completion_window,
        read_only=flags.is_read_only or _switch(environ, "BATCH_TUI_READ_ONLY", is_on=table.read_only),
        insecure_http=is_insecure,
        confirm_above=table.confirm_above,
        prices=prices_of(table, config, name),
    )
    notes = key.notes if key else ()
    return _settings(environ, flags, config, profile, endpoint, notes)


def profile_names(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Names of all profiles in the configuration, in its order; none is chosen.

    Raises:
        ConfigurationError: The configuration can't be read.
    """
    return tuple(read_config(find_paths(environ, DEFAULT_PROFILE).config).profiles)


def _settings(
    environ: Mapping[str, str],
    flags: Flags,
    config: Config,
    profile: Profile,
    endpoint: Endpoint,
    notes: tuple[str, ...],
) -> Settings:
    """The settings around a profile."""
    ascii_default = bool(config.ui.ascii)
    is_ascii = flags.is_ascii or _switch(environ, "BATCH_TUI_ASCII", is_on=ascii_default)
    # Another server behind the same profile's name must not see this one's journal and cache.
    own = profile.name if endpoint.is_profiles_own else f"{profile.name}@{profile.host}"
    return Settings(
        profile=profile,
        paths=find_paths(environ, own),
        keymap=config.keys,
        theme=environ.get("BATCH_TUI_THEME") or config.ui.theme,
        is_ascii=is_ascii if is_ascii or config.ui.ascii is not None or "BATCH_TUI_ASCII" in environ else None,
        mouse=not flags.no_mouse and _switch(environ, "BATCH_TUI_MOUSE", is_on=config.ui.mouse),
        notes=notes,
        columns=config.ui.columns,
        notify=config.notify,
        guard=guard_rules(config, profile.name),
        profiles=tuple(config.profiles),
        places={command: config.place("keys", command) for command in config.keys},
    )


def _require_named_file(environ: Mapping[str, str], config: Config) -> None:
    """A file the user named must be there; the usual one may be missing."""
    if environ.get("BATCH_TUI_CONFIG") and not config.path.exists():
        raise ConfigurationError(f"BATCH_TUI_CONFIG names {config.path}, which doesn't exist; mend or unset it.")


def _profile_name(environ: Mapping[str, str], flags: Flags, config: Config) -> str:
    """The profile that was asked for, the default one, the only one, or the environment's."""
    asked = (
        (flags.profile, "--profile"),
        (environ.get("BATCH_TUI_PROFILE") or None, "BATCH_TUI_PROFILE"),
        (config.default_profile, config.place("default_profile")),
    )
    known = ", ".join(config.profiles) or "none"
    for name, source in asked:
        if name is None:
            continue
        if name in config.profiles or (name == DEFAULT_PROFILE and not config.profiles):
            return name
        raise ConfigurationError(f"{source}: no profile {name!r} in {config.path} (it has: {known}).")
    if DEFAULT_PROFILE in config.profiles or not config.profiles:
        return DEFAULT_PROFILE
    if len(config.profiles) == 1:
        return next(iter(config.profiles))
    raise ConfigurationError(
        f"Which profile? Choose one with --profile or default_profile in {config.path}: {known}."
    )


def _header(environ: Mapping[str, str], config: Config, name: str, field_name: str, suffix: str) -> str | None:
    """The organization or the project, fit for a header."""
    table = config.profiles.get(name, ProfileTable())
    configured = table.organization if field_name == "organization" else table.project
    sources = (
        (environ.get(f"BATCH_TUI_{suffix}"), f"BATCH_TUI_{suffix}"),
        (configured, config.place("profiles", name, field_name)),
        (environ.get(f"OPENAI_{suffix}"), f"OPENAI_{suffix}"),
    )
    for value, source in sources:
        if value is not None and value.strip():
            return header_value(value, source, f"the {field_name}")
    return None


def _switch(environ: Mapping[str, str], variable: str, *, is_on: bool) -> bool:
    """A yes-or-no variable; ``is_on`` when it isn't set."""
    value = environ.get(variable)
    if value is None:
        return is_on
    word = value.strip().lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise ConfigurationError(f"{variable} is {value[:20]!r}; set it to 1 or 0.")
