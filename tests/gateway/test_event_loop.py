from __future__ import annotations

from pathlib import Path

from blockbuster import blockbuster_ctx

from tests.gateway.lines_for_tests import chat_line, submitted
from tests.support.gateway import in_process_gateway


async def test_nothing_the_gateway_does_blocks_the_event_loop(tmp_path: Path) -> None:
    async with in_process_gateway(tmp_path) as gateway:
        # The first request of a client imports modules, which blocks and is not the gateway's doing.
        await gateway.until((await submitted(gateway, chat_line("first"))).id, "completed")
    with blockbuster_ctx():
        async with in_process_gateway(tmp_path) as gateway:
            client = gateway.client()
            failing = chat_line("failing", echo={"status": 500, "times": 1})
            done = await gateway.until((await submitted(gateway, chat_line("good"), failing)).id, "completed")
            assert (await client.files.content(done.output_file_id or "")).content
            await client.files.delete(done.error_file_id or "")
            await gateway.until((await submitted(gateway, b"{\n")).id, "failed")
            running = await submitted(gateway, chat_line("slow", echo={"delay_s": 1e7}), chat_line("other"))
            await gateway.until(running.id, "in_progress")
            await client.batches.cancel(running.id)
            await gateway.until(running.id, "cancelled")
            upload = await client.uploads.create(bytes=2, filename="a.jsonl", mime_type="x", purpose="batch")
            part = await client.uploads.parts.create(upload.id, data=b"{}")
            assert (await client.uploads.complete(upload.id, part_ids=[part.id])).file is not None
