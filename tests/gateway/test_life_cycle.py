from __future__ import annotations

import json
from pathlib import Path

import openai
import pytest
from openai.types import Batch

from tests.support.gateway import RunningGateway, in_process_gateway


def chat_line(custom_id: str, **body: object) -> bytes:
    message = {"role": "user", "content": f"Say {custom_id}"}
    line = {
        "custom_id": custom_id,
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {"model": "gpt-4o-mini", "messages": [message], **body},
    }
    return json.dumps(line).encode() + b"\n"


async def submitted(gateway: RunningGateway, *lines: bytes) -> Batch:
    client = gateway.client()
    file = await client.files.create(file=("in.jsonl", b"".join(lines)), purpose="batch")
    return await client.batches.create(
        input_file_id=file.id,
        endpoint="/v1/chat/completions",
        completion_window="24h",
    )


async def result_ids(gateway: RunningGateway, file_id: str | None) -> set[str]:
    assert file_id is not None
    content = await gateway.client().files.content(file_id)
    return {json.loads(line)["custom_id"] for line in content.text.splitlines()}


async def test_a_batch_runs_from_upload_to_download(tmp_path: Path) -> None:
    async with in_process_gateway(tmp_path) as gateway:
        lines = [chat_line(f"r{i}", **({"echo": {"status": 400}} if i == 3 else {})) for i in range(10)]
        batch = await submitted(gateway, *lines)
        assert batch.status == "validating"
        await gateway.until(batch.id, "completed")
        batch = await gateway.client().batches.retrieve(batch.id)
        assert batch.request_counts is not None
        assert (batch.request_counts.total, batch.request_counts.completed, batch.request_counts.failed) == (
            10,
            9,
            1,
        )
        assert await result_ids(gateway, batch.output_file_id) == {f"r{i}" for i in range(10) if i != 3}
        assert await result_ids(gateway, batch.error_file_id) == {"r3"}


async def test_an_ended_batch_cannot_be_cancelled(tmp_path: Path) -> None:
    async with in_process_gateway(tmp_path) as gateway:
        batch = await submitted(gateway, chat_line("one"))
        await gateway.until(batch.id, "completed")
        with pytest.raises(openai.ConflictError, match="Cannot cancel a batch with status 'completed'"):
            await gateway.client().batches.cancel(batch.id)
