"""Lines and names of a megabyte, a million stacked marks, emoji families: all the way there and back."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from batch_tui.engine.kit import Kit
from batch_tui.engine.results.collect import Collector
from batch_tui.engine.submitting.submit import Phase, Submitter
from batch_tui.jsonl.checking.check import check_file
from batch_tui.jsonl.results.join import join_results
from tests.support.faults import FaultServer
from tests.support.kits import an_order

TEXTS = ("x" * 1_000_000, "e" + "\u0301" * 1_000_000, "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 50_000)


def request(number: int, text: str) -> bytes:
    body = {"model": "m", "input": text}
    line = {"custom_id": f"r{number}", "method": "POST", "url": "/v1/responses", "body": body}
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"


def result(number: int, text: str) -> bytes:
    body = {"choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]}
    line = {"id": f"x{number}", "custom_id": f"r{number}", "response": {"status_code": 200, "body": body}}
    return json.dumps(line | {"error": None}, ensure_ascii=False).encode() + b"\n"


async def test_fault_74_upload_create_endless_lines_arrive_to_the_byte(
    tmp_path: Path, server: FaultServer, kit: Kit
) -> None:
    content = b"".join(request(number, text) for number, text in enumerate(TEXTS))
    order = an_order(tmp_path, content)
    assert (await asyncio.to_thread(check_file, order.path)).is_valid
    submission = await Submitter(kit).submit(order)
    assert submission.phase is Phase.SUBMITTED
    (file,) = server.files.values()
    assert file.content == content


async def test_fault_74_download_endless_answers_arrive_to_the_byte_and_each_is_joined(
    tmp_path: Path, server: FaultServer, kit: Kit
) -> None:
    content = b"".join(result(number, text) for number, text in enumerate(TEXTS))
    batch_id = server.add_batch(status="completed", output_file_id=server.add_file(content))
    collected = await Collector(kit, tmp_path / "cache").collect(batch_id)
    assert collected.output is not None
    assert collected.output.read_bytes() == content
    joined = await asyncio.to_thread(join_results, [[collected.output]])
    assert [joined.row(place).custom_id for place in range(len(joined))] == ["r0", "r1", "r2"]
