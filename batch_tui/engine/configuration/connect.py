"""Where the service is and with which key: every source in its order; what would leak is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from batch_tui.domain.errors import ConfigurationError
from batch_tui.domain.text import printable
from batch_tui.engine.configuration.config import Config, ProfileTable
from batch_tui.engine.configuration.key_sources import key_from_command, key_from_keyring
from batch_tui.engine.configuration.providers import OPENAI_URL, PROVIDERS


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address of the service and who named it."""

    url: str
    source: str
    """The flag, the variable, or ``FILE:LINE``."""
    is_profiles_own: bool
    """False when a flag or variable put another server behind the profile's name."""
    is_environments: bool
    """True when the environment named it, or it is the SDK's own default."""


@dataclass(frozen=True, slots=True)
class Key:
    """The key that was found."""

    secret: str = field(repr=False)
    source: str = ""
    """The variable or the way it came by, for messages; empty for none."""
    notes: tuple[str, ...] = ()
    """What the user should know about where it goes."""


def choose_endpoint(
    environ: Mapping[str, str],
    config: Config,
    name: str,
    *,
    flag: str | None,
    is_insecure: bool,
) -> Endpoint:
    """The base URL by flag, environment, profile, preset, the SDK's variable, in this order.

    Raises:
        ConfigurationError: It is no usable URL, or plain http to another machine without consent.
    """
    table = config.profiles.get(name, ProfileTable())
    preset = PROVIDERS[table.provider]
    if flag is not None:
        found = Endpoint(flag, "--base-url", is_profiles_own=False, is_environments=False)
    elif "BATCH_TUI_BASE_URL" in environ:
        found = _from_environment(environ, "BATCH_TUI_BASE_URL")
    elif table.base_url is not None:
        place = config.place("profiles", name, "base_url")
        found = Endpoint(table.base_url, place, is_profiles_own=True, is_environments=False)
    elif preset.base_url is not None:
        place = config.place("profiles", name, "provider")
        found = Endpoint(preset.base_url, place, is_profiles_own=True, is_environments=False)
    elif table.provider == "azure":
        place = config.place("profiles", name)
        raise ConfigurationError(f"{place}: provider 'azure' needs base_url, like {preset.url_example}.")
    elif "OPENAI_BASE_URL" in environ:
        found = _from_environment(environ, "OPENAI_BASE_URL")
    else:
        found = Endpoint(OPENAI_URL, "the default", is_profiles_own=True, is_environments=True)
    return Endpoint(
        _checked_url(found, is_insecure=is_insecure),
        found.source,
        found.is_profiles_own,
        found.is_environments,
    )


def choose_key(environ: Mapping[str, str], config: Config, name: str, endpoint: Endpoint) -> Key:
    """The key by environment, profile, the SDK's variable; a server on this machine needs none.

    Raises:
        ConfigurationError: There is none, its command failed, or it can't be sent in a header.
    """
    if environ.get("BATCH_TUI_API_KEY", "").strip():
        return _environments_key(environ, "BATCH_TUI_API_KEY", endpoint)
    own = _profiles_key(environ, config, name)
    if own is not None:
        return Key(own.secret, own.source, _profile_note(endpoint, name))
    if environ.get("OPENAI_API_KEY", "").strip():
        return _environments_key(environ, "OPENAI_API_KEY", endpoint)
    if is_loopback(endpoint.url):
        return Key("none")  # the SDK insists on one, a local server doesn't look
    raise ConfigurationError(
        f"No key for {host_of(endpoint.url)}: set OPENAI_API_KEY, or api_key_env, api_key_command or"
        f" api_key_keyring of a profile in {config.path}. Without a key: batch-tui demo.",
    )


def _profiles_key(environ: Mapping[str, str], config: Config, name: str) -> Key | None:
    """The key the profile itself names, by variable, command or keyring, in this order; None without."""
    table = config.profiles.get(name, ProfileTable())
    if table.api_key_env is not None:
        place = config.place("profiles", name, "api_key_env")
        value = environ.get(table.api_key_env, "")
        if not value.strip():
            raise ConfigurationError(
                f"{place}: the variable {printable(table.api_key_env, 80)} is not set or empty."
            )
        return Key(header_value(value, table.api_key_env, "the key"), printable(table.api_key_env, 80))
    if table.api_key_command is not None:
        place = config.place("profiles", name, "api_key_command")
        secret = key_from_command(table.api_key_command, place)
        return Key(header_value(secret, place, "the key"), "api_key_command")
    if table.api_key_keyring is not None:
        place = config.place("profiles", name, "api_key_keyring")
        secret = key_from_keyring(table.api_key_keyring, place)
        return Key(header_value(secret, place, "the key"), "the keyring")
    return None


def header_value(value: str, source: str, what: str) -> str:
    """A value stripped and fit for a header; never repeated in a message.

    Raises:
        ConfigurationError: It holds a space, a control or a non-ASCII character.
    """
    value = value.strip()
    if value.isascii() and value.isprintable() and " " not in value:
        return value
    raise ConfigurationError(
        f"{source}: {what} holds a space, a line break or a character that isn't ASCII; set it again without.",
    )


def host_of(url: str) -> str:
    """Host and port of a URL, for messages."""
    return urlsplit(url).netloc.rpartition("@")[2]


def is_loopback(url: str) -> bool:
    """True when the URL names this very machine."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    import ipaddress  # noqa: PLC0415 - the usual host is a name

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _from_environment(environ: Mapping[str, str], variable: str) -> Endpoint:
    return Endpoint(environ[variable], variable, is_profiles_own=False, is_environments=True)


def _checked_url(endpoint: Endpoint, *, is_insecure: bool) -> str:
    source = endpoint.source
    url = endpoint.url.strip().rstrip("/")
    if not url:
        raise ConfigurationError(f"{source} is empty; give it a URL like {OPENAI_URL}, or leave it out.")
    shown = printable(url, 100)
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise ConfigurationError(f"{source}: {shown!r} is no URL: {error}.") from error
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(f"{source}: the base URL holds a user name or password; keys belong elsewhere.")
    if parts.scheme not in {"http", "https"} or not has_host or not url.isprintable() or " " in url:
        raise ConfigurationError(f"{source}: {shown!r} is no URL like {OPENAI_URL}.")
    if parts.query or parts.fragment:
        raise ConfigurationError(f"{source}: {shown!r} has a query or fragment; a base URL ends with its path.")
    if parts.scheme == "http" and not is_insecure and not is_loopback(url):
        raise ConfigurationError(
            f"{source}: {shown} would send the key over the network in the clear;"
            " use https, or allow it with --insecure-http.",
        )
    return url


def _environments_key(environ: Mapping[str, str], variable: str, endpoint: Endpoint) -> Key:
    secret = header_value(environ[variable], variable, "the key")
    if endpoint.is_environments or host_of(endpoint.url) == host_of(OPENAI_URL):
        return Key(secret, variable)
    note = f"The key from {variable} is sent to {host_of(endpoint.url)}, which {endpoint.source} names."
    return Key(secret, variable, (note,))


def _profile_note(endpoint: Endpoint, name: str) -> tuple[str, ...]:
    """A profile's key goes to the profile's server unannounced, but not to another one."""
    if endpoint.is_profiles_own:
        return ()
    return (
        f"The key of profile {printable(name)} is sent to {host_of(endpoint.url)}, which {endpoint.source} names.",
    )
