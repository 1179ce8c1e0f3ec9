"""Request lines for tests that talk to the gateway."""

from __future__ import annotations

import json
from typing import Final

from openai.types import Batch

from tests.support.gateway import RunningGateway

CHAT: Final = "/v1/chat/completions"


def chat_line(custom_id: str, **body: object) -> bytes:
    """A chat request; keyword arguments are fields of its body (``echo={"status": 400}``)."""
    message = {"role": "user", "content": f"Say {custom_id}"}
    content = {"model": "gpt-4o-mini", "messages": [message], **body}
    return json.dumps({"custom_id": custom_id, "method": "POST", "url": CHAT, "body": content}).encode() + b"\n"


async def submitted(gateway: RunningGateway, *lines: bytes) -> Batch:
    """A batch of these lines, just created."""
    client = gateway.client()
    file = await client.files.create(file=("in.jsonl", b"".join(lines)), purpose="batch")
    return await client.batches.create(input_file_id=file.id, endpoint=CHAT, completion_window="24h")


async def results(gateway: RunningGateway, file_id: str | None) -> dict[str, dict[str, object]]:
    """The lines of an output or error file by custom_id; none when there is no file."""
    if file_id is None:
        return {}
    content = await gateway.client().files.content(file_id)
    lines = [json.loads(line) for line in content.content.split(b"\n")[:-1]]
    found = {line["custom_id"]: line for line in lines}
    assert len(found) == len(lines)
    return found
