"""Where the service is and with which key, checked before anything is sent; imports nothing heavy.

A key may never reach a host it wasn't meant for: plain ``http://`` is refused unless the host is this machine
or the user insists, and a key no header can carry is refused before the first screen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from batch_tui.domain.errors import ConfigurationError
from batch_tui.domain.text import printable

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Connection:
    """One service and the key for it."""

    base_url: str
    """As in the SDK: with ``/v1`` when the service wants it."""
    api_key: str = field(repr=False)
    """Never shown, never stored. May be empty for a server on this machine that wants none."""
    organization: str | None = None
    project: str | None = None
    insecure_http: bool = False
    """True when the user insists on sending the key over plain HTTP."""

    @property
    def url(self) -> str:
        """The base URL without blanks around it."""
        return self.base_url.strip()

    @property
    def key(self) -> str:
        """The key without blanks around it (a trailing newline is what files and ``echo`` leave)."""
        return self.api_key.strip()

    @property
    def host(self) -> str:
        """Host, with the port when it isn't the scheme's own; never user or password."""
        parts = _split(self.url)
        if parts is None or not parts.hostname:
            return printable(self.url, 80)
        name = printable(parts.hostname, 80)
        name = f"[{name}]" if ":" in name else name
        return name if parts.port in {None, _PORTS.get(parts.scheme)} else f"{name}:{parts.port}"

    @property
    def host_and_port(self) -> str:
        """Host and port, the scheme's own spelled out."""
        parts = _split(self.url)
        if parts is None or parts.port is not None:
            return self.host
        return f"{self.host}:{_PORTS.get(parts.scheme, 443)}"

    @property
    def is_loopback(self) -> bool:
        """True when the host is this machine."""
        parts = _split(self.url)
        return parts is not None and _is_loopback(parts.hostname or "")


def problem(connection: Connection, environ: Mapping[str, str] | None = None) -> str | None:
    """What is wrong with a connection, in one sentence; None when it can be tried.

    Args:
        connection: What is to be used.
        environ: The process's environment: its proxy and certificate variables are checked too.
    """
    found = _url_problem(connection) or _key_problem(connection)
    if found or environ is None:
        return found
    return _certificate_problem(environ) or _proxy_problem(connection, environ)


def require(connection: Connection, environ: Mapping[str, str] | None = None) -> None:
    """Raise ``ConfigurationError`` when :func:`problem` finds something."""
    found = problem(connection, environ)
    if found:
        raise ConfigurationError(found)


def proxy_variable(connection: Connection, environ: Mapping[str, str]) -> tuple[str, str] | None:
    """The environment variable that routes this connection through a proxy, and its value; None without."""
    parts = _split(connection.url)
    if parts is None or _bypasses_proxy(parts.hostname or "", environ):
        return None
    scheme = parts.scheme.lower()
    for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper(), "all_proxy", "ALL_PROXY"):
        value = environ.get(name, "").strip()
        if value:
            return name, value
    return None


def proxy_host(value: str) -> str:
    """Host and port of a proxy's address, without its password."""
    parts = _split(value if "://" in value else f"http://{value}")
    if parts is None or not parts.hostname:
        return "?"
    return printable(f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname, 80)


def _split(url: str) -> SplitResult | None:
    """The URL in parts; None when it can't be one (a port that is no number raises late)."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _is_loopback(host: str) -> bool:
    host = host.rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _url_problem(connection: Connection) -> str | None:
    url = connection.url
    if not url:
        return "The base URL is empty: set one such as https://api.openai.com/v1, or unset OPENAI_BASE_URL."
    parts = _split(url)
    shown = printable(url, 80)
    if parts is None or not url.isascii() or not url.isprintable() or " " in url:
        return f"The base URL {shown} is not a URL."
    if parts.scheme.lower() not in _PORTS or not parts.hostname:
        return f"The base URL {shown} must start with https:// (or http://) and name a host."
    if parts.username is not None or parts.password is not None:
        return f"The base URL of {connection.host} must not hold a user or password: use the API key."
    if parts.scheme.lower() == "http" and not connection.is_loopback and not connection.insecure_http:
        return (
            f"http://{connection.host} would carry the key unencrypted: use https://, "
            "or --insecure-http if that is meant."
        )
    return None


def _key_problem(connection: Connection) -> str | None:
    key = connection.key
    if not key:
        return None if connection.is_loopback else f"No API key for {connection.host}: set OPENAI_API_KEY."
    if not key.isascii():
        return "The API key holds a character outside ASCII: copy it again."
    if not key.isprintable() or " " in key:
        return "The API key holds a blank, a newline or a control character: copy it again."
    for name, value in (("organization", connection.organization), ("project", connection.project)):
        if value is not None and not (value.isascii() and value.isprintable()):
            return f"The {name} holds a character that no header can carry: copy it again."
    return None


def _certificate_problem(environ: Mapping[str, str]) -> str | None:
    file, folder = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    if file and not Path(file).is_file():
        return f"SSL_CERT_FILE names {printable(file, 120)}, which is no file: correct or unset it."
    if not file and folder and not Path(folder).is_dir():
        return f"SSL_CERT_DIR names {printable(folder, 120)}, which is no directory: correct or unset it."
    return None


def _proxy_problem(connection: Connection, environ: Mapping[str, str]) -> str | None:
    found = proxy_variable(connection, environ)
    if found is None:
        return None
    name, value = found
    parts = _split(value if "://" in value else f"http://{value}")
    if parts is None or not parts.hostname:
        return f"{name} does not name a proxy: correct or unset it."
    scheme = parts.scheme.lower()
    if scheme in {"socks5", "socks5h"}:
        missing = find_spec("socksio") is None
        return f"{name} names a SOCKS proxy, which needs the package socksio: install it." if missing else None
    if scheme not in _PORTS:
        return f"{name} names a proxy of the kind {printable(scheme, 20)}, which is not supported: use http://."
    return None


def _bypasses_proxy(host: str, environ: Mapping[str, str]) -> bool:
    """Whether NO_PROXY exempts the host, by name or by ending."""
    host = host.lower()
    for entry in (environ.get("no_proxy") or environ.get("NO_PROXY") or "").split(","):
        name = entry.strip().lower().lstrip(".")
        if name == "*" or (name and (host == name or host.endswith("." + name))):
            return True
    return False
