from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from batch_tui.api.client import OpenAIService
from batch_tui.api.connection import Connection
from batch_tui.domain.batch import NewBatch
from batch_tui.domain.errors import NotFoundError, OutputFileError, RefusedError, UnauthorizedError
from batch_tui.domain.status import BatchStatus
from tests.gateway.lines_for_tests import chat_line
from tests.support.gateway import RunningGateway, in_process_gateway

ENDPOINT = "/v1/chat/completions"


def connected(gateway: RunningGateway, key: str | None = None) -> OpenAIService:
    connection = Connection(gateway.base_url, key or gateway.api_key, insecure_http=True)
    return OpenAIService(connection, http_client=gateway.http_client())


def write(path: Path, *lines: bytes) -> str:
    """The file's sha256."""
    content = b"".join(lines)
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


async def test_a_batch_goes_all_the_way_through_the_service(tmp_path: Path) -> None:
    source = tmp_path / "input.jsonl"
    lines = [chat_line(f"r{n}", **({"echo": {"status": 400}} if n == 3 else {})) for n in range(20)]
    digest = write(source, *lines)
    async with in_process_gateway(tmp_path / "gateway") as gateway:
        service = connected(gateway)
        file = await service.upload_file(source, name=source.name, sha256=digest, expires_after=7200)
        assert (file.bytes, file.purpose, file.filename) == (source.stat().st_size, "batch", "input.jsonl")
        made = await service.create_batch(NewBatch(file.id, ENDPOINT, metadata={"batch_tui_intent": "u-1"}))
        assert (made.status, made.input_file_id) == (BatchStatus.VALIDATING, file.id)
        await gateway.until(made.id, "completed")
        page = await service.list_batches()
        (batch,) = page.batches
        assert batch == await service.retrieve_batch(made.id)
        assert (batch.status, batch.metadata["batch_tui_intent"]) == (BatchStatus.COMPLETED, "u-1")
        assert (batch.counts.total, batch.counts.completed, batch.counts.failed) == (20, 19, 1)
        assert batch.output_file_id is not None
        assert batch.error_file_id is not None
        output = await service.retrieve_file(batch.output_file_id)
        local = await service.download_file(output, tmp_path / "output.jsonl")
        assert (local.stat().st_size, local.read_bytes().count(b"\n")) == (output.bytes, 19)
        errors = await service.download_file(await service.retrieve_file(batch.error_file_id), tmp_path / "errors")
        assert b'"custom_id":"r3"' in errors.read_bytes().replace(b'": ', b'":')
        with pytest.raises(OutputFileError):
            await service.download_file(output, local)
        with pytest.raises(RefusedError, match="Cannot cancel a batch with status 'completed'"):
            await service.cancel_batch(batch.id)
        await service.delete_file(file.id)
        with pytest.raises(NotFoundError):
            await service.retrieve_file(file.id)
        await service.aclose()


async def test_a_part_of_a_download_is_continued_by_the_gateway_s_ranges(tmp_path: Path) -> None:
    source = tmp_path / "input.jsonl"
    write(source, *(chat_line(f"r{n}") for n in range(500)))
    async with in_process_gateway(tmp_path / "gateway") as gateway:
        service = connected(gateway)
        file = await service.upload_file(source, name=source.name)
        first = await service.download_file(file, tmp_path / "first")
        reply = await gateway.http_client().get(
            f"{gateway.base_url}/files/{file.id}/content", headers={"Authorization": f"Bearer {gateway.api_key}"}
        )
        part = tmp_path / f".second.{file.id}.part"
        part.write_bytes(first.read_bytes()[:1000])
        sidecar = {"etag": reply.headers["etag"], "total": file.bytes}
        part.with_name(part.name + ".json").write_text(json.dumps(sidecar))
        progress: list[int] = []
        second = await service.download_file(
            file, tmp_path / "second", on_progress=lambda p: progress.append(p.done)
        )
        assert second.read_bytes() == source.read_bytes()
        assert progress[0] > 1000
        await service.aclose()


async def test_a_wrong_key_is_refused_and_not_repeated(tmp_path: Path) -> None:
    async with in_process_gateway(tmp_path, api_key="sk-right") as gateway:
        service = connected(gateway, "sk-wrong-and-secret")
        with pytest.raises(UnauthorizedError) as caught:
            await service.list_batches()
        assert "sk-wrong-and-secret" not in str(caught.value)
        await service.aclose()


async def test_what_the_service_says_about_a_bad_order_is_shown(tmp_path: Path) -> None:
    async with in_process_gateway(tmp_path) as gateway:
        service = connected(gateway)
        with pytest.raises(RefusedError, match="file-nowhere") as caught:
            await service.create_batch(NewBatch("file-nowhere", ENDPOINT))
        assert caught.value.status == 400
        with pytest.raises(NotFoundError, match="batch_nowhere"):
            await service.cancel_batch("batch_nowhere")
        await service.aclose()
