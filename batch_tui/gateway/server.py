"""The gateway on a socket."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import signal
import socket
import threading
from collections.abc import Callable, Generator
from pathlib import Path

import uvicorn

from batch_tui.domain.errors import ConfigurationError
from batch_tui.gateway.app import Gateway
from batch_tui.gateway.options import GatewayOptions

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve(options: GatewayOptions, *, announce: Callable[[str], None]) -> int:
    """Serve until SIGTERM or SIGINT; blocks.

    Args:
        options: What to serve and where.
        announce: Told the base URL (``http://127.0.0.1:PORT/v1``) once clients can connect.

    Returns:
        0: being told to stop is how a server ends.

    Raises:
        ConfigurationError: The options can't work, or the address or the data directory can't be used.
    """
    server = GatewayServer(Gateway(options), options, announce)
    with _alone_on(options.data):
        server.run()
    return 0


class GatewayServer:
    """A gateway on a socket of its own, which another thread can stop.

    Args:
        gateway: What to serve.
        options: Where to listen.
        announce: Told the base URL once clients can connect.
    """

    def __init__(self, gateway: Gateway, options: GatewayOptions, announce: Callable[[str], None]) -> None:
        self._options = options
        config = uvicorn.Config(
            gateway.app,
            http="h11",
            ws="none",
            lifespan="on",
            log_level="warning",
            access_log=False,
            date_header=False,
            server_header=False,
            timeout_graceful_shutdown=2,
        )
        self._server = _Server(config, announce)

    def run(self) -> None:
        """Serve until stopped; blocks."""
        with _listening(self._options.host, self._options.port) as listener:
            asyncio.run(self._server.serve(sockets=[listener]))

    def stop(self) -> None:
        """End soon; safe from any thread."""
        self._server.should_exit = True


class _Server(uvicorn.Server):
    """Uvicorn that says when it listens, and takes a signal as an end, not as a death.

    Args:
        config: Uvicorn's.
        announce: Told the base URL.
    """

    def __init__(self, config: uvicorn.Config, announce: Callable[[str], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            self._announce(f"http://{f'[{host}]' if ':' in host else host}:{port}/v1")

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextlib.contextmanager
def _alone_on(data: Path) -> Generator[None]:
    """Hold the data directory: two gateways on one account would run, and pay, every request twice."""
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = (data / "lock").open("a")
    except OSError as error:
        raise ConfigurationError(f"The data directory {data} can't be used: {error.strerror}.") from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigurationError(f"Another gateway is running on the data directory {data}.") from error
        except OSError:
            pass  # a file system without locks must do without
        yield


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise ConfigurationError(f"The gateway can't listen on {host}:{port}: {error.strerror}.") from error
