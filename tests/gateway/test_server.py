from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import openai
import pytest
from openai.types import Batch

from batch_tui.domain.errors import ConfigurationError
from batch_tui.gateway.options import GatewayOptions
from batch_tui.gateway.server import serve
from tests.gateway.lines_for_tests import CHAT, chat_line
from tests.support.gateway import loopback_gateway

SERVE = """
import sys
from pathlib import Path
from batch_tui.gateway.options import GatewayOptions
from batch_tui.gateway.server import serve
options = GatewayOptions(data=Path(sys.argv[1]), speed=float(sys.argv[2]))
sys.exit(serve(options, announce=lambda url: print(url, flush=True)))
"""


def answered(batch: Batch) -> int:
    return batch.request_counts.completed if batch.request_counts else 0


def waited(client: openai.OpenAI, batch: Batch, condition: str | Callable[[Batch], bool]) -> Batch:
    """Polls; each poll is a round trip, so a slow machine gets more time by itself."""
    for _ in range(20_000):
        batch = client.batches.retrieve(batch.id)
        if batch.status == condition if isinstance(condition, str) else condition(batch):
            return batch
    raise AssertionError(batch)


def test_the_official_client_walks_the_whole_life_cycle_over_a_socket(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    lines = [chat_line("good"), chat_line("bad", echo={"status": 500, "times": 1})]
    source.write_bytes(b"".join(lines))
    with (
        loopback_gateway(tmp_path / "data", api_key="sk-test") as base_url,
        openai.OpenAI(api_key="sk-test", base_url=base_url, max_retries=0) as client,
    ):
        with source.open("rb") as handle:
            file = client.files.create(file=handle, purpose="batch")
        batch = client.batches.create(input_file_id=file.id, endpoint=CHAT, completion_window="24h")
        batch = waited(client, batch, "completed")
        assert [listed.id for listed in client.batches.list()] == [batch.id]
        output = json.loads(client.files.content(batch.output_file_id or "").text)
        errors = json.loads(client.files.content(batch.error_file_id or "").text)
        assert output["response"]["body"]["model"] == json.loads(lines[0])["body"]["model"]
        assert (output["custom_id"], errors["custom_id"]) == ("good", "bad")
        with pytest.raises(openai.ConflictError):
            client.batches.cancel(batch.id)
        again = client.files.create(file=("retry.jsonl", lines[1]), purpose="batch")
        retried = client.batches.create(input_file_id=again.id, endpoint=CHAT, completion_window="24h")
        retried = waited(client, retried, "completed")
        assert retried.error_file_id is None


def started(data: Path, speed: float) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(data), str(speed)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def ended(process: subprocess.Popen[str], number: signal.Signals) -> int:
    process.send_signal(number)
    assert process.stdout is not None
    process.stdout.close()
    return process.wait(60)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    process, base_url = started(tmp_path, 1)
    assert base_url.startswith("http://127.0.0.1:")
    assert base_url.endswith("/v1")
    assert ended(process, number) == 0


def test_a_killed_server_goes_on_where_it_was(tmp_path: Path) -> None:
    process, base_url = started(tmp_path, 100)
    with openai.OpenAI(api_key="none", base_url=base_url, max_retries=0) as client:
        # The quick ones have results when the server dies; of the others none can have ended by then.
        waits = [0.0] * 8 + [100_000.0] * 32
        content = b"".join(chat_line(f"r{i}", echo={"delay_s": wait}) for i, wait in enumerate(waits))
        file = client.files.create(file=("in.jsonl", content), purpose="batch")
        batch = client.batches.create(input_file_id=file.id, endpoint=CHAT, completion_window="24h")
        batch = waited(client, batch, lambda now: answered(now) == 8)
    assert ended(process, signal.SIGKILL) == -signal.SIGKILL
    process, base_url = started(tmp_path, 1_000_000)
    with openai.OpenAI(api_key="none", base_url=base_url, max_retries=0) as client:
        batch = waited(client, batch, "completed")
        lines = client.files.content(batch.output_file_id or "").text.splitlines()
        ids = [json.loads(line)["custom_id"] for line in lines]
    assert ended(process, signal.SIGTERM) == 0
    assert sorted(ids) == sorted(f"r{i}" for i in range(40))


def test_a_data_directory_has_one_gateway(tmp_path: Path) -> None:
    process, _ = started(tmp_path, 1)
    with pytest.raises(ConfigurationError, match="Another gateway is running"):
        serve(GatewayOptions(data=tmp_path), announce=lambda _url: None)
    assert ended(process, signal.SIGTERM) == 0


def test_a_data_directory_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigurationError, match="can't be used: Not a directory"):
        serve(GatewayOptions(data=tmp_path / "file" / "data"), announce=lambda _url: None)


def test_an_address_that_is_taken_is_named(tmp_path: Path) -> None:
    with loopback_gateway(tmp_path) as base_url:
        port = int(base_url.split(":")[2].removesuffix("/v1"))
        with pytest.raises(ConfigurationError, match=f"can't listen on 127.0.0.1:{port}"):
            serve(GatewayOptions(data=tmp_path, port=port), announce=lambda _url: None)
