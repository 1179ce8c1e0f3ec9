"""Files in parts: put together once, in the order asked for, and nothing left of those that never end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import openai
import pytest

from tests.support.gateway import ManualTime, RunningGateway, in_process_gateway


async def an_upload(gateway: RunningGateway, size: int) -> str:
    upload = await gateway.client().uploads.create(
        bytes=size, filename="big.jsonl", mime_type="application/jsonl", purpose="batch"
    )
    return upload.id


def stored_parts(data: Path) -> list[str]:
    return [path.name for path in (data / "uploads").iterdir() if path.suffix != ".json"]


async def test_parts_make_one_file_in_the_order_asked_for(tmp_path: Path) -> None:
    async with in_process_gateway(tmp_path) as gateway:
        client = gateway.client()
        upload_id = await an_upload(gateway, 11)
        late = await client.uploads.parts.create(upload_id, data=b" world")
        early = await client.uploads.parts.create(upload_id, data=b"hello")
        done = await client.uploads.complete(upload_id, part_ids=[early.id, late.id])
        assert done.status == "completed"
        assert done.file is not None
        assert (await client.files.content(done.file.id)).content == b"hello world"
        with pytest.raises(openai.BadRequestError, match="completed"):
            await client.uploads.cancel(upload_id)
    assert stored_parts(tmp_path) == []


async def test_parts_that_are_not_what_was_announced_are_refused(tmp_path: Path) -> None:
    async with in_process_gateway(tmp_path) as gateway:
        client = gateway.client()
        upload_id = await an_upload(gateway, 9)
        part = await client.uploads.parts.create(upload_id, data=b"hello")
        with pytest.raises(openai.BadRequestError, match="announced with 9"):
            await client.uploads.complete(upload_id, part_ids=[part.id])
        with pytest.raises(openai.BadRequestError, match="part_ids"):
            await client.uploads.complete(upload_id, part_ids=["part_unknown"])
        assert (await client.uploads.cancel(upload_id)).status == "cancelled"


async def test_a_completion_that_is_sent_several_times_at_once_makes_one_file(tmp_path: Path) -> None:
    async with in_process_gateway(tmp_path) as gateway:
        client = gateway.client()
        upload_id = await an_upload(gateway, 5)
        part = await client.uploads.parts.create(upload_id, data=b"hello")
        replies = await asyncio.gather(
            *(client.uploads.complete(upload_id, part_ids=[part.id]) for _ in range(4)), return_exceptions=True
        )
        refused = [reply for reply in replies if isinstance(reply, openai.BadRequestError)]
        assert len(refused) == 3
        assert len(gateway.account.files) == 1


async def test_a_part_of_an_upload_that_ended_meanwhile_is_refused_and_forgotten(tmp_path: Path) -> None:
    async with in_process_gateway(tmp_path) as gateway, gateway.http_client() as http:
        upload_id = await an_upload(gateway, 5)

        async def body() -> AsyncIterator[bytes]:
            yield b'--zz\r\nContent-Disposition: form-data; name="data"; filename="part"\r\n\r\nhel'
            await gateway.client().uploads.cancel(upload_id)
            yield b"lo\r\n--zz--\r\n"

        headers = {"content-type": "multipart/form-data; boundary=zz"}
        reply = await http.post(f"/uploads/{upload_id}/parts", content=body(), headers=headers)
    assert reply.status_code == 400
    assert reply.json()["error"]["message"] == "The upload is cancelled."
    assert stored_parts(tmp_path) == []


async def test_a_part_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batch_tui.gateway.uploads_api.MAX_PART", 4)
    async with in_process_gateway(tmp_path) as gateway:
        upload_id = await an_upload(gateway, 5)
        with pytest.raises(openai.BadRequestError, match="File is too large"):
            await gateway.client().uploads.parts.create(upload_id, data=b"hello")
    assert stored_parts(tmp_path) == []


async def test_an_upload_lives_an_hour_and_a_start_forgets_the_parts_of_one_that_is_over(tmp_path: Path) -> None:
    time = ManualTime()
    async with in_process_gateway(tmp_path, clock=time.clock) as gateway:
        client = gateway.client()
        over, alive = await an_upload(gateway, 5), ""
        old = await client.uploads.parts.create(over, data=b"hello")
        time.advance(3_599)
        alive = await an_upload(gateway, 5)
        kept = await client.uploads.parts.create(alive, data=b"hello")
        assert sorted(stored_parts(tmp_path)) == sorted((old.id, kept.id))
        time.advance(1)
        with pytest.raises(openai.BadRequestError, match="The upload is expired"):
            await client.uploads.complete(over, part_ids=[old.id])
    async with in_process_gateway(tmp_path, clock=time.clock) as gateway:
        assert stored_parts(tmp_path) == [kept.id]
        assert (await gateway.client().uploads.complete(alive, part_ids=[kept.id])).status == "completed"


@pytest.mark.parametrize(
    ("change", "param", "message"),
    [
        ({"bytes": None}, "bytes", "Missing required parameter: 'bytes'."),
        ({"bytes": "5"}, "bytes", "expected an integer, but got a string instead."),
        ({"bytes": -1}, "bytes", "Expected a value >= 0, but got -1 instead."),
        ({"mime_type": None}, "mime_type", "Missing required parameter: 'mime_type'."),
        ({"purpose": "nonsense"}, "purpose", "Invalid value: 'nonsense'."),
        ({"filename": "a.txt"}, "file", "Must be .jsonl"),
        ({"expires_after": 5}, "expires_after", "expected an object, but got an integer instead."),
        ({"expires_after": {}}, "expires_after.anchor", "Missing required parameter: 'expires_after.anchor'."),
    ],
)
async def test_an_upload_that_cannot_be_is_refused_at_once(
    tmp_path: Path, change: dict[str, object], param: str, message: str
) -> None:
    order = {"bytes": 5, "filename": "a.jsonl", "mime_type": "application/jsonl", "purpose": "batch"} | change
    async with in_process_gateway(tmp_path) as gateway, gateway.http_client() as http:
        reply = await http.post("/uploads", json=order)
    assert reply.status_code == 400
    assert reply.json()["error"]["param"] == param
    assert message in reply.json()["error"]["message"]
