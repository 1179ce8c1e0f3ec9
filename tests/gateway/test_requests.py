from __future__ import annotations

from pathlib import Path
from typing import Literal

import httpx2
import openai
import pytest
from starlette.requests import Request
from starlette.responses import Response

from batch_tui.domain.errors import ConfigurationError
from batch_tui.domain.limits import Limits
from batch_tui.gateway.options import GatewayOptions, check_options
from tests.gateway.lines_for_tests import CHAT, chat_line, submitted
from tests.support.gateway import ManualTime, in_process_gateway


async def test_batches_are_listed_newest_first_in_pages(tmp_path: Path) -> None:
    async with in_process_gateway(tmp_path) as gateway:
        client = gateway.client()
        made = [(await submitted(gateway, chat_line("a"))).id for _ in range(5)]
        first = await client.batches.list(limit=2)
        assert ([batch.id for batch in first.data], first.has_more) == ([made[4], made[3]], True)
        last = await client.batches.list(limit=2, after=made[1])
        assert ([batch.id for batch in last.data], last.has_more) == ([made[0]], False)
        assert [batch.id async for batch in client.batches.list(limit=2)] == made[::-1]
    async with in_process_gateway(tmp_path) as gateway:
        assert [batch.id async for batch in gateway.client().batches.list()] == made[::-1]


async def test_a_page_names_its_first_and_last_id(tmp_path: Path) -> None:
    async with in_process_gateway(tmp_path) as gateway, gateway.http_client() as client:
        made = [(await submitted(gateway, chat_line("a"))).id for _ in range(2)]
        page = (await client.get("/batches")).json()
        assert (page["object"], page["first_id"], page["last_id"]) == ("list", made[1], made[0])
        empty = (await client.get("/batches", params={"after": made[0]})).json()
    assert empty == {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}


@pytest.mark.parametrize(
    ("path", "code", "message"),
    [
        ("/batches?limit=101", "integer_above_max_value", "Expected a value <= 100, but got 101 instead."),
        ("/batches?limit=0", "integer_below_min_value", "Expected a value >= 1, but got 0 instead."),
        ("/batches?limit=many", "invalid_type", "expected an integer"),
        ("/batches?limit=", "invalid_type", "expected an integer"),
        ("/batches?limit=%205", "invalid_type", "expected an integer"),
        ("/batches?limit=1_0", "invalid_type", "expected an integer"),
        ("/batches?after=batch_gone", "invalid_value", "batch_gone"),
        ("/files?limit=10001", "integer_above_max_value", "Expected a value <= 10000"),
        ("/files?order=sideways", "invalid_value", "Supported values are: 'asc', 'desc'."),
    ],
)
async def test_a_page_that_cannot_be_given_is_refused(tmp_path: Path, path: str, code: str, message: str) -> None:
    async with in_process_gateway(tmp_path) as gateway, gateway.http_client() as client:
        reply = await client.get(path)
    assert reply.status_code == 400
    error = reply.json()["error"]
    assert error["code"] == code
    assert message in error["message"]
    assert error["type"] == "invalid_request_error"


async def test_files_are_listed_by_order_and_purpose(tmp_path: Path) -> None:
    async with in_process_gateway(tmp_path) as gateway:
        client = gateway.client()
        purposes: list[Literal["batch", "user_data"]] = ["batch", "user_data", "batch"]
        made = [(await client.files.create(file=("a.jsonl", b"{}"), purpose=p)).id for p in purposes]
        assert [file.id async for file in client.files.list()] == made[::-1]
        assert [file.id async for file in client.files.list(order="asc", limit=1)] == made
        assert [file.id async for file in client.files.list(purpose="batch")] == [made[2], made[0]]


@pytest.mark.parametrize(
    ("change", "param", "message"),
    [
        ({"input_file_id": None}, "input_file_id", "Missing required parameter: 'input_file_id'."),
        ({"input_file_id": 7}, "input_file_id", "expected a string, but got an integer instead."),
        ({"input_file_id": "file-X"}, "input_file_id", "Cannot find file file-X"),
        ({"endpoint": "/v1/nothing"}, "endpoint", "Invalid value: '/v1/nothing'. Supported values are: "),
        ({"completion_window": "1h"}, "completion_window", "Supported values are: '24h'."),
        ({"metadata": {str(i): "" for i in range(17)}}, "metadata", "at most 16 properties"),
        ({"metadata": {"k": 1}}, "metadata.k", "expected a string, but got an integer instead."),
        ({"metadata": {"k": "v" * 513}}, "metadata.k", "maximum length 512, but got a string with length 513"),
        ({"metadata": {"k" * 65: "v"}}, "metadata", "64"),
        ({"metadata": "text"}, "metadata", "expected an object, but got a string instead."),
        (
            {"output_expires_after": {"anchor": "created_at", "seconds": 3599}},
            "output_expires_after.seconds",
            "3600",
        ),
        (
            {"output_expires_after": {"anchor": "now", "seconds": 3600}},
            "output_expires_after.anchor",
            "created_at",
        ),
        (
            {"output_expires_after": {"anchor": "created_at", "seconds": "4000"}},
            "output_expires_after.seconds",
            "expected an integer, but got a string instead.",
        ),
        (
            {"output_expires_after": {"anchor": "created_at"}},
            "output_expires_after.seconds",
            "Missing required parameter: 'output_expires_after.seconds'.",
        ),
        ({"output_expires_after": {}}, "output_expires_after.anchor", "Missing required parameter"),
        ({"output_expires_after": 5}, "output_expires_after", "expected an object"),
    ],
)
async def test_a_batch_that_cannot_be_is_refused_at_once(
    tmp_path: Path, change: dict[str, object], param: str, message: str
) -> None:
    async with in_process_gateway(tmp_path) as gateway, gateway.http_client() as client:
        file = await gateway.client().files.create(file=("in.jsonl", chat_line("a")), purpose="batch")
        order = {"input_file_id": file.id, "endpoint": CHAT, "completion_window": "24h"} | change
        reply = await client.post("/batches", json=order)
        assert gateway.account.batches == {}
    assert reply.status_code == 400
    assert reply.json()["error"]["param"] == param
    assert message in reply.json()["error"]["message"]


async def test_metadata_at_the_limit_is_kept(tmp_path: Path) -> None:
    metadata = {f"{i:064}": "v" * 512 for i in range(16)}
    async with in_process_gateway(tmp_path) as gateway:
        client = gateway.client()
        file = await client.files.create(file=("in.jsonl", chat_line("a")), purpose="batch")
        batch = await client.batches.create(
            input_file_id=file.id, endpoint=CHAT, completion_window="24h", metadata=metadata
        )
        assert (await client.batches.retrieve(batch.id)).metadata == metadata


async def test_output_files_expire_as_long_after_their_creation_as_asked_for(tmp_path: Path) -> None:
    async with in_process_gateway(tmp_path) as gateway:
        client = gateway.client()
        file = await client.files.create(file=("in.jsonl", chat_line("a")), purpose="batch")
        batch = await client.batches.create(
            input_file_id=file.id,
            endpoint=CHAT,
            completion_window="24h",
            output_expires_after={"anchor": "created_at", "seconds": 3_600},
        )
        done = await gateway.until(batch.id, "completed")
        output = await client.files.retrieve(done.output_file_id or "")
    assert output.purpose == "batch_output"
    assert output.expires_at == output.created_at + 3_600


async def test_an_output_file_cannot_be_the_input_of_a_batch(tmp_path: Path) -> None:
    async with in_process_gateway(tmp_path) as gateway:
        done = await gateway.until((await submitted(gateway, chat_line("a"))).id, "completed")
        with pytest.raises(openai.BadRequestError, match="purpose 'batch_output'"):
            await gateway.client().batches.create(
                input_file_id=done.output_file_id or "", endpoint=CHAT, completion_window="24h"
            )


async def test_more_batches_an_hour_than_allowed_are_refused(tmp_path: Path) -> None:
    time = ManualTime()
    options = GatewayOptions(data=tmp_path, limits=Limits(creations_per_hour=2))
    async with in_process_gateway(tmp_path, options=options, clock=time.clock) as gateway:
        for _ in range(2):
            await submitted(gateway, chat_line("a"))
        with pytest.raises(openai.RateLimitError):
            await submitted(gateway, chat_line("a"))
        time.advance(3_601)
        await submitted(gateway, chat_line("a"))


async def test_unknown_objects_and_routes_are_told_in_the_shape_of_the_api(tmp_path: Path) -> None:
    async with in_process_gateway(tmp_path) as gateway, gateway.http_client() as client:
        for method, path, status, message in (
            ("GET", "/batches/batch_x", 404, "No batch found with id 'batch_x'."),
            ("POST", "/batches/batch_x/cancel", 404, "No batch found with id 'batch_x'."),
            ("GET", "/files/../../etc/passwd", 404, "Invalid URL"),
            ("GET", "/files/..%2f..%2fetc", 404, ""),
            ("GET", "/nothing", 404, "Invalid URL (GET /v1/nothing)"),
            ("DELETE", "/batches", 405, "Not allowed: DELETE /v1/batches."),
            ("GET", "/models/gpt-9", 404, "does not exist"),
        ):
            reply = await client.request(method, path)
            assert reply.status_code == status
            assert set(reply.json()["error"]) == {"message", "type", "param", "code"}
            assert message in reply.json()["error"]["message"]


async def test_a_bug_of_the_gateway_is_told_in_the_shape_of_the_api(tmp_path: Path) -> None:
    async def broken(_request: Request) -> Response:
        raise ZeroDivisionError

    async with in_process_gateway(tmp_path) as gateway:
        gateway.gateway.app.add_route("/v1/broken", broken)
        with pytest.raises(openai.InternalServerError, match="The server had an error") as failure:
            await gateway.client().get("/broken", cast_to=httpx2.Response)
    assert failure.value.type == "server_error"


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b"[" * 5_000])
async def test_a_body_that_is_no_json_object_is_refused(tmp_path: Path, body: bytes) -> None:
    async with in_process_gateway(tmp_path) as gateway, gateway.http_client() as client:
        reply = await client.post("/batches", content=body)
    assert reply.status_code == 400
    assert "could not parse the JSON body" in reply.json()["error"]["message"]


async def test_a_batch_that_cannot_be_kept_does_not_exist(tmp_path: Path) -> None:
    async with in_process_gateway(tmp_path) as gateway:
        file = await gateway.client().files.create(file=("in.jsonl", chat_line("a")), purpose="batch")
        (tmp_path / "batches").rmdir()
        with pytest.raises(openai.InternalServerError, match="The server had an error"):
            await gateway.client().batches.create(input_file_id=file.id, endpoint=CHAT, completion_window="24h")
        assert gateway.account.batches == {}


async def test_the_models_are_echo(tmp_path: Path) -> None:
    async with in_process_gateway(tmp_path) as gateway:
        client = gateway.client()
        assert [model.id async for model in client.models.list()] == ["echo"]
        assert (await client.models.retrieve("echo")).id == "echo"


async def test_a_key_that_is_set_must_be_sent(tmp_path: Path) -> None:
    async with in_process_gateway(tmp_path, api_key="sk-right") as gateway, gateway.http_client() as bare:
        assert (await gateway.client().batches.list()).data == []
        with pytest.raises(openai.AuthenticationError, match="Incorrect API key") as refusal:
            await gateway.client(api_key="sk-wrong").batches.list()
        assert "sk-" not in str(refusal.value)
        for scheme, status in (("Bearer ", 200), ("bearer ", 200), ("Basic ", 401), ("", 401)):
            assert (
                await bare.get("/batches", headers={"authorization": scheme + "sk-right"})
            ).status_code == status
        assert (await bare.get("/batches")).status_code == 401
        assert (await bare.get("/batches", headers=[(b"authorization", b"Bearer k\xc3\xa9")])).status_code == 401


async def test_every_answer_tells_the_time_of_the_gateway(tmp_path: Path) -> None:
    time = ManualTime(0.0)
    async with in_process_gateway(tmp_path, clock=time.clock) as gateway, gateway.http_client() as client:
        assert (await client.get("/batches")).headers["date"] == "Thu, 01 Jan 1970 00:00:00 GMT"


@pytest.mark.parametrize(
    "options",
    [
        GatewayOptions(data=Path(), host="0.0.0.0"),  # noqa: S104 - it must be refused
        GatewayOptions(data=Path(), host="example.test"),
        GatewayOptions(data=Path(), concurrency=0),
        GatewayOptions(data=Path(), speed=0),
        GatewayOptions(data=Path(), port=70_000),
        GatewayOptions(data=Path(), upstream="localhost:8000"),
        GatewayOptions(data=Path(), upstream="http://"),
        GatewayOptions(data=Path(), upstream="http://[::1/v1"),
        GatewayOptions(data=Path(), upstream="http://localhost:port/v1"),
    ],
)
def test_options_that_cannot_work_are_refused_in_one_sentence(options: GatewayOptions) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        check_options(options)
    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_loopback_needs_no_key(host: str) -> None:
    check_options(GatewayOptions(data=Path(), host=host))


def test_another_address_is_fine_with_a_key_that_is_never_shown() -> None:
    options = GatewayOptions(data=Path(), host="0.0.0.0", api_key="sk-secret")  # noqa: S104
    check_options(options)
    assert "sk-secret" not in repr(options)
