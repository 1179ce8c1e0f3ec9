"""The demo's gateway: there while the demo is, and never longer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from batch_tui.cli.verbs.demo_ import DEMO_KEY, demo_environment, gateway


def models(base_url: str) -> int:
    request = urllib.request.Request(f"{base_url}/models", headers={"Authorization": f"Bearer {DEMO_KEY}"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - a loopback address
        return int(answer.status)


def test_the_gateway_answers_inside_the_block_and_is_gone_after_it(tmp_path: Path) -> None:
    with gateway(tmp_path / "data", 1.0) as base_url:
        assert base_url.startswith("http://127.0.0.1:")
        assert models(base_url) == 200
    with pytest.raises(OSError, match="refused"):
        models(base_url)


def test_the_gateway_ends_with_a_demo_that_was_killed(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom batch_tui.cli.verbs.demo_ import gateway\n"
        "with gateway(Path(sys.argv[1]), 1.0) as url:\n    print(url, flush=True)\n    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "data")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as demo:
        assert demo.stdout
        base_url = demo.stdout.readline().strip()
        assert models(base_url) == 200
        os.kill(demo.pid, signal.SIGKILL)
        demo.wait(20)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            models(base_url)
        except OSError:
            return
    raise AssertionError("the gateway outlived a killed demo")


def test_nothing_of_the_users_own_settings_reaches_the_demo(tmp_path: Path) -> None:
    mine = {
        "OPENAI_API_KEY": "mine",
        "BATCH_TUI_PROFILE": "work",
        "https_proxy": "http://p",
        "HOME": "/home/me",
        "TERM": "x",
    }
    env = demo_environment(mine, tmp_path, "http://127.0.0.1:1/v1")
    assert env["OPENAI_API_KEY"] == DEMO_KEY
    assert "mine" not in env.values()
    assert not {"BATCH_TUI_PROFILE", "https_proxy"} & env.keys()
    assert env["TERM"] == "x"
    assert env["XDG_STATE_HOME"].startswith(str(tmp_path))


def test_the_demo_looks_as_the_user_wants_it(tmp_path: Path) -> None:
    looks = {"BATCH_TUI_THEME": "textual-light", "BATCH_TUI_ASCII": "1", "BATCH_TUI_MOUSE": "0"}
    assert looks.items() <= demo_environment(looks, tmp_path, "http://127.0.0.1:1/v1").items()
