from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import openai
import pytest

from tests.support.gateway import ManualTime, in_process_gateway

CONTENT = bytes(range(256)) * 40


async def uploaded(client: openai.AsyncOpenAI, name: str = "in.jsonl", content: bytes = CONTENT) -> str:
    return (await client.files.create(file=(name, content), purpose="batch")).id


async def test_an_uploaded_file_is_described_and_comes_back_to_the_byte(tmp_path: Path) -> None:
    time = ManualTime()
    async with in_process_gateway(tmp_path, clock=time.clock) as gateway:
        client = gateway.client()
        file = await client.files.create(file=("in.jsonl", CONTENT), purpose="batch")
        assert (file.bytes, file.filename, file.purpose) == (len(CONTENT), "in.jsonl", "batch")
        assert (file.object, file.status) == ("file", "processed")
        assert file.expires_at == file.created_at + 30 * 86_400
        assert await client.files.retrieve(file.id) == file
        assert (await client.files.content(file.id)).content == CONTENT
    assert not list((tmp_path / "incoming").iterdir())


async def test_a_file_is_kept_as_long_as_asked_for_and_then_gone(tmp_path: Path) -> None:
    time = ManualTime()
    async with in_process_gateway(tmp_path, clock=time.clock) as gateway:
        client = gateway.client()
        policy: openai.types.file_create_params.ExpiresAfter = {"anchor": "created_at", "seconds": 3_600}
        file = await client.files.create(file=("in.jsonl", b"{}"), purpose="batch", expires_after=policy)
        time.advance(3_599)
        assert (await client.files.retrieve(file.id)).expires_at == file.created_at + 3_600
        time.advance(1)
        with pytest.raises(openai.NotFoundError, match="No such File object"):
            await client.files.retrieve(file.id)
        assert (await client.files.list()).data == []


async def test_a_deleted_file_is_gone(tmp_path: Path) -> None:
    async with in_process_gateway(tmp_path) as gateway:
        client = gateway.client()
        file_id = await uploaded(client)
        assert (await client.files.delete(file_id)).deleted
        for call in (client.files.retrieve, client.files.content, client.files.delete):
            with pytest.raises(openai.NotFoundError):
                await call(file_id)
    assert not list((tmp_path / "files").iterdir())


@pytest.mark.parametrize(
    ("name", "purpose", "message"),
    [
        ("in.json", "batch", "Invalid file format for Batch API. Must be .jsonl"),
        ("in.jsonl", "nonsense", "Invalid value: 'nonsense'."),
    ],
)
async def test_the_surface_of_an_upload_is_checked(tmp_path: Path, name: str, purpose: str, message: str) -> None:
    async with in_process_gateway(tmp_path) as gateway, gateway.http_client() as client:
        reply = await client.post("/files", files={"file": (name, b"{}")}, data={"purpose": purpose})
    assert reply.status_code == 400
    assert message in reply.json()["error"]["message"]
    assert not list((tmp_path / "incoming").iterdir())


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ([('name="purpose"', "batch")], "file"),
        ([('name="file"; filename="a.jsonl"', "{}")], "purpose"),
        ([('name="other"; filename="a.jsonl"', "{}")], "other"),
        ([("name=purpose", "x" * 70_000)], "purpose"),
    ],
)
async def test_an_upload_needs_its_fields(tmp_path: Path, fields: list[tuple[str, str]], param: str) -> None:
    parts = [f"--zz\r\nContent-Disposition: form-data; {head}\r\n\r\n{value}\r\n" for head, value in fields]
    async with in_process_gateway(tmp_path) as gateway, gateway.http_client() as client:
        headers = {"content-type": "multipart/form-data; boundary=zz"}
        reply = await client.post("/files", content=("".join(parts) + "--zz--\r\n").encode(), headers=headers)
    assert reply.status_code == 400
    assert reply.json()["error"]["param"] == param


async def test_an_upload_streams_to_disk_while_it_is_being_sent(tmp_path: Path) -> None:
    seen: list[int] = []
    block = b"x" * 65_536

    async def body() -> AsyncIterator[bytes]:
        head = b'--zz\r\nContent-Disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n'
        yield head
        for _ in range(128):
            yield block
            seen.extend(path.stat().st_size for path in (tmp_path / "incoming").iterdir())
        yield b'\r\n--zz\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--zz--\r\n'

    async with in_process_gateway(tmp_path) as gateway, gateway.http_client() as client:
        headers = {"content-type": "multipart/form-data; boundary=zz"}
        reply = await client.post("/files", content=body(), headers=headers)
    assert reply.json()["bytes"] == 128 * len(block)
    behind = [(index + 1) * len(block) - size for index, size in enumerate(seen)]
    assert max(behind) <= 2 * 1024 * 1024 + 2 * len(block)
    assert max(seen) > 6 * 1024 * 1024


async def test_a_download_streams_in_blocks(tmp_path: Path) -> None:
    content = b"0123456789abcdef" * 100_000
    async with in_process_gateway(tmp_path) as gateway:
        client = gateway.client()
        file_id = await uploaded(client, content=content)
        async with client.files.with_streaming_response.content(file_id) as response:
            blocks = [block async for block in response.iter_bytes()]
    assert b"".join(blocks) == content
    assert max(map(len, blocks)) <= 256 * 1024


async def test_a_client_that_goes_away_leaves_nothing_behind(tmp_path: Path) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b'--zz\r\nContent-Disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n' + b"x" * 3_000_000
        raise httpx2.WriteError("gone")

    async with in_process_gateway(tmp_path) as gateway, gateway.http_client() as client:
        headers = {"content-type": "multipart/form-data; boundary=zz"}
        with pytest.raises(httpx2.WriteError):
            await client.post("/files", content=body(), headers=headers)
        assert gateway.account.files == {}
    assert not list((tmp_path / "incoming").iterdir())


@pytest.mark.parametrize(
    ("wanted", "status", "expected", "told"),
    [
        ("bytes=0-9", 206, CONTENT[:10], "bytes 0-9/10240"),
        ("bytes=10000-", 206, CONTENT[10_000:], "bytes 10000-10239/10240"),
        ("bytes=-5", 206, CONTENT[-5:], "bytes 10235-10239/10240"),
        ("bytes=-99999", 206, CONTENT, "bytes 0-10239/10240"),
        ("bytes=5-99999", 206, CONTENT[5:], "bytes 5-10239/10240"),
        ("bytes=0-", 206, CONTENT, "bytes 0-10239/10240"),
        ("bytes=10240-", 416, b"", "bytes */10240"),
        ("bytes=-0", 416, b"", "bytes */10240"),
        ("bytes=9-5", 200, CONTENT, None),
        ("bytes=-", 200, CONTENT, None),
        ("bytes=0-1,4-5", 200, CONTENT, None),
        ("lines=0-1", 200, CONTENT, None),
    ],
)
async def test_ranges(tmp_path: Path, wanted: str, status: int, expected: bytes, told: str | None) -> None:
    async with in_process_gateway(tmp_path) as gateway, gateway.http_client() as client:
        file_id = await uploaded(gateway.client())
        reply = await client.get(f"/files/{file_id}/content", headers={"range": wanted})
    assert (reply.status_code, reply.content) == (status, expected)
    assert reply.headers.get("content-range") == told


async def test_if_range_gives_the_rest_only_for_the_same_content(tmp_path: Path) -> None:
    async with in_process_gateway(tmp_path) as gateway, gateway.http_client() as client:
        first, second = await uploaded(gateway.client()), await uploaded(gateway.client())
        tag = (await client.get(f"/files/{first}/content")).headers["etag"]
        headers = {"range": "bytes=7-", "if-range": tag}
        same = await client.get(f"/files/{first}/content", headers=headers)
        other = await client.get(f"/files/{second}/content", headers=headers)
        weak = await client.get(f"/files/{first}/content", headers=headers | {"if-range": "W/" + tag})
    assert (same.status_code, same.content) == (206, CONTENT[7:])
    assert (other.status_code, other.content) == (200, CONTENT)
    assert weak.status_code == 200


async def test_an_empty_file_can_be_downloaded(tmp_path: Path) -> None:
    async with in_process_gateway(tmp_path) as gateway, gateway.http_client() as client:
        file_id = await uploaded(gateway.client(), content=b"")
        reply = await client.get(f"/files/{file_id}/content")
        ranged = await client.get(f"/files/{file_id}/content", headers={"range": "bytes=0-"})
    assert (reply.status_code, reply.content) == (200, b"")
    assert ranged.status_code == 416


@pytest.mark.parametrize(
    ("policy", "param", "message"),
    [
        ({"seconds": "3600"}, "expires_after.anchor", "Missing required parameter: 'expires_after.anchor'."),
        (
            {"anchor": "created_at"},
            "expires_after.seconds",
            "Missing required parameter: 'expires_after.seconds'.",
        ),
        ({"anchor": "now", "seconds": "3600"}, "expires_after.anchor", "Supported values are: 'created_at'."),
        ({"anchor": "created_at", "seconds": "3599"}, "expires_after.seconds", "Expected a value >= 3600"),
        ({"anchor": "created_at", "seconds": "2592001"}, "expires_after.seconds", "Expected a value <= 2592000"),
        ({"anchor": "created_at", "seconds": "1e4"}, "expires_after.seconds", "expected an integer"),
    ],
)
async def test_a_life_that_cannot_be_is_refused(
    tmp_path: Path, policy: dict[str, str], param: str, message: str
) -> None:
    fields = {"purpose": "batch"} | {f"expires_after[{name}]": value for name, value in policy.items()}
    async with in_process_gateway(tmp_path) as gateway, gateway.http_client() as client:
        reply = await client.post("/files", files={"file": ("a.jsonl", b"{}")}, data=fields)
        assert gateway.account.files == {}
    assert reply.status_code == 400
    assert reply.json()["error"]["param"] == param
    assert message in reply.json()["error"]["message"]


async def test_a_file_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batch_tui.gateway.files_api.MAX_UPLOAD", len(CONTENT) - 1)
    async with in_process_gateway(tmp_path) as gateway:
        with pytest.raises(openai.BadRequestError, match="File is too large"):
            await uploaded(gateway.client())
    assert not list((tmp_path / "incoming").iterdir())


async def test_a_file_whose_record_cannot_be_kept_does_not_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, record: object) -> None:
        raise OSError(28, "No space left on device")

    async with in_process_gateway(tmp_path) as gateway:
        monkeypatch.setattr("batch_tui.gateway.disk.write_record", full)
        with pytest.raises(openai.InternalServerError, match="No space left"):
            await uploaded(gateway.client())
        assert gateway.account.files == {}
    assert not list((tmp_path / "files").iterdir())


async def test_content_that_is_gone_from_the_disk_is_no_half_an_answer(tmp_path: Path) -> None:
    async with in_process_gateway(tmp_path) as gateway:
        file_id = await uploaded(gateway.client())
        gateway.account.content(file_id).unlink()
        with pytest.raises(openai.NotFoundError, match="No such File object"):
            await gateway.client().files.content(file_id)
