"""The command line against a gateway on a loopback port, in this process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from batch_tui.cli.main import main
from batch_tui.gateway.options import GatewayOptions
from tests.support.gateway import loopback_gateway


class Run(Protocol):
    """Runs the command line; gives the exit code, the lines of stdout, and stderr."""

    def __call__(self, *words: str | Path) -> tuple[int, list[str], str]: ...


@contextmanager
def command_line(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    options: GatewayOptions | None = None,
) -> Iterator[Run]:
    """A gateway, and the command line pointed at it, with configuration and state of its own."""
    for name in ("CONFIG", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(folder / name.lower()))
    monkeypatch.setenv("OPENAI_API_KEY", "the-key")
    monkeypatch.delenv("BATCH_TUI_CONFIG", raising=False)
    with loopback_gateway(folder / "gateway", api_key="the-key", options=options) as base_url:
        monkeypatch.setenv("OPENAI_BASE_URL", base_url)

        def call(*words: str | Path) -> tuple[int, list[str], str]:
            code = main([str(word) for word in words])
            said = capsys.readouterr()
            return code, said.out.splitlines(), said.err

        yield call


def echo_line(custom_id: str, *, echo: dict[str, object] | None = None, **more: object) -> str:
    """A request line for the echo model, with its newline."""
    body: dict[str, object] = {"model": "echo", "messages": [{"role": "user", "content": f"what is {custom_id}?"}]}
    if echo is not None:
        body["echo"] = echo
    line = {"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": {**body, **more}}
    return json.dumps(line) + "\n"
