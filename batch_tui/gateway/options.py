"""What the gateway is told at its start."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from batch_tui.domain.errors import ConfigurationError
from batch_tui.domain.limits import OPENAI_LIMITS, Limits


@dataclass(frozen=True, slots=True)
class GatewayOptions:
    """Where the gateway listens, keeps its state, and who answers the requests."""

    data: Path
    """Directory of the account's state; made when it isn't there."""
    host: str = "127.0.0.1"
    port: int = 0
    """0 takes any free port."""
    upstream: str | None = None
    """Base URL of a synchronous endpoint that answers the requests; None for the built-in echo model."""
    upstream_key: str | None = field(default=None, repr=False)
    concurrency: int = 8
    """Requests of one batch that run at once; with an upstream, of all batches."""
    speed: float = 1.0
    """Factor on the pace: validation, echo's answers, finalizing and the completion window."""
    api_key: str | None = field(default=None, repr=False)
    """What clients must send; None lets everybody in, on loopback only."""
    limits: Limits = OPENAI_LIMITS


def check_options(options: GatewayOptions) -> None:
    """Refuse what can't work or would leave the account open to the network.

    Raises:
        ConfigurationError: One sentence.
    """
    if not is_loopback(options.host) and not options.api_key:
        raise ConfigurationError(
            f"The gateway would listen on {options.host} for everybody: set a key for it, or stay on 127.0.0.1.",
        )
    if options.concurrency < 1:
        raise ConfigurationError(f"The gateway's concurrency is {options.concurrency}; it must be 1 or more.")
    if not 0 < options.speed < float("inf"):
        raise ConfigurationError(f"The gateway's speed is {options.speed}; it must be above 0.")
    if not 0 <= options.port <= 65535:
        raise ConfigurationError(f"The gateway's port is {options.port}; it must be 0 to 65535.")
    if options.upstream is not None and not _is_web_address(options.upstream):
        raise ConfigurationError(f"The upstream {options.upstream} is no address like https://host/v1.")


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """True when only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
