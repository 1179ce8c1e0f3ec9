from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from batch_tui.api.client import OpenAIService
from batch_tui.domain.batch import NewBatch
from batch_tui.domain.errors import (
    Effect,
    ForbiddenError,
    NotFoundError,
    NotTheApiError,
    RateLimitedError,
    RefusedError,
    ServerFaultError,
    ServiceError,
    UnauthorizedError,
    UnreachableError,
    UnsupportedError,
)
from tests.api.conftest import KEY
from tests.support.faults import (
    Fault,
    FaultServer,
    Json,
    close,
    corrupt_gzip,
    cut_json,
    drip,
    early_eof,
    garbage,
    hang_in_body,
    portal,
    redirect,
    reset,
    reset_in_body,
    say,
    short_chunked,
    short_length,
    silence,
    status,
)

Ask = Callable[[], Awaitable[object]]
FAULTS: list[tuple[int, Fault, type[ServiceError], str]] = [
    (6, reset(after=False), UnreachableError, "was lost"),
    (6, close(after=False), UnreachableError, "without an answer"),
    (7, reset(after=True), UnreachableError, "was lost"),
    (8, close(after=True), UnreachableError, "without an answer"),
    (9, silence(), UnreachableError, "did not answer within"),
    (10, hang_in_body(), UnreachableError, "did not answer within"),
    (11, reset_in_body(), UnreachableError, "was lost"),
    (12, short_length(), ServerFaultError, "cut its reply short"),
    (13, short_chunked(), ServerFaultError, "cut its reply short"),
    (14, early_eof(), ServerFaultError, "cut or not JSON"),
    (15, cut_json(), ServerFaultError, "cut or not JSON"),
    (16, portal(), NotTheApiError, "not the API \\(HTML from 127.0.0.1"),
    (17, status(500), ServerFaultError, "failed \\(500\\)"),
    (17, status(503), ServerFaultError, "failed \\(503\\)"),
    (18, status(500, after=True), ServerFaultError, "failed \\(500\\)"),
    (18, status(502, body=b"<html>bad gateway", after=True), ServerFaultError, "failed \\(502\\)\\.$"),
    (18, status(504, after=True), ServerFaultError, "failed \\(504\\)"),
    (18, status(408, after=True), ServerFaultError, "failed \\(408\\)"),
    (19, status(409, "Conflict"), RefusedError, "refused \\(409\\): Conflict"),
    (29, redirect("https://evil.invalid/v1/x"), NotTheApiError, "redirects to evil.invalid"),
    (29, redirect("/elsewhere", 301), NotTheApiError, "redirects to another path"),
    (30, garbage(), ServerFaultError, "did not answer in HTTP"),
    (31, corrupt_gzip(), ServerFaultError, "compression is broken"),
    (33, drip(every=1.0), UnreachableError, "did not answer within"),
]
PROVEN: list[tuple[int, Fault, type[ServiceError], str]] = [
    (20, status(429, "Slow", headers={"Retry-After": "7"}), RateLimitedError, "429, again in 7 s\\): Slow"),
    (21, status(429, "Slow", headers={"Retry-After": "1300"}), RateLimitedError, "again in 1,300 s"),
    (23, status(401, f"Incorrect API key provided: {KEY}"), UnauthorizedError, "not accept the key \\(401\\)"),
    (24, status(403, "No batch access."), ForbiddenError, "\\(403\\): No batch access"),
    (27, status(400, "x\x1b[31m[/b]" + "y" * 100_000), RefusedError, "refused \\(400\\): x␛\\[31m\\[/b\\]y+…$"),
    (27, status(400, "z" * 9_000_000), RefusedError, 'refused \\(400\\): {"error": {"message": "z+…$'),
    (28, status(413, "Too large."), RefusedError, "refused \\(413\\): Too large"),
]


def identity(row: tuple[int, Fault, type[ServiceError], str], phase: str) -> str:
    return f"fault_{row[0]:02d}_{phase}_{row[1].name.replace(' ', '_')}"


def rows(phase: str) -> list[object]:
    return [pytest.param(*row[1:], id=identity(row, phase)) for row in FAULTS]


def proven(phase: str) -> list[object]:
    return [pytest.param(*row[1:], id=identity(row, phase)) for row in PROVEN]


async def failure(ask: Ask) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        await ask()
    message = str(caught.value)
    assert KEY not in message
    assert message.isprintable()
    assert len(message) < 600
    return caught.value


@pytest.mark.parametrize(("fault", "kind", "words"), [*rows("list"), *proven("list")])
async def test_a_list_that_fails_says_so_in_a_sentence_and_works_again_next_time(
    server: FaultServer, service: OpenAIService, fault: Fault, kind: type[ServiceError], words: str
) -> None:
    server.add_batch()
    server.fail("list", fault)
    with pytest.raises(kind, match=words):
        await failure_raised(service.list_batches)
    assert len((await service.list_batches()).batches) == 1
    assert server.count("list") == 2


@pytest.mark.parametrize(("fault", "kind", "words"), [*rows("poll"), *proven("poll")])
async def test_a_poll_that_fails_has_no_effect_and_works_again_next_time(
    server: FaultServer, service: OpenAIService, fault: Fault, kind: type[ServiceError], words: str
) -> None:
    batch_id = server.add_batch()
    server.fail("poll", fault)
    with pytest.raises(kind, match=words) as caught:
        await failure_raised(lambda: service.retrieve_batch(batch_id))
    assert caught.value.effect is Effect.NONE
    assert (await service.retrieve_batch(batch_id)).id == batch_id


@pytest.mark.parametrize(("fault", "kind", "words"), rows("create"))
async def test_a_create_that_fails_is_one_post_whose_effect_is_unknown(
    server: FaultServer, service: OpenAIService, fault: Fault, kind: type[ServiceError], words: str
) -> None:
    file_id = server.add_file(b"{}\n", purpose="batch")
    server.fail("create", fault)
    with pytest.raises(kind, match=words) as caught:
        await failure_raised(lambda: service.create_batch(NewBatch(file_id, "/v1/embeddings")))
    assert caught.value.effect is Effect.UNKNOWN
    assert server.count("create") == 1
    assert len(server.ledger) == (1 if fault.after else 0)


@pytest.mark.parametrize(("fault", "kind", "words"), proven("create"))
async def test_a_create_that_is_refused_is_proven_to_have_no_effect(
    server: FaultServer, service: OpenAIService, fault: Fault, kind: type[ServiceError], words: str
) -> None:
    server.fail("create", fault)
    with pytest.raises(kind, match=words) as caught:
        await failure_raised(lambda: service.create_batch(NewBatch("file-1", "/v1/embeddings")))
    assert caught.value.effect is Effect.NONE
    assert server.count("create") == 1
    assert server.ledger == []


@pytest.mark.parametrize(("fault", "kind", "words"), [*rows("cancel"), *proven("cancel")])
async def test_a_cancel_that_fails_is_one_post(
    server: FaultServer, service: OpenAIService, fault: Fault, kind: type[ServiceError], words: str
) -> None:
    batch_id = server.add_batch()
    server.fail("cancel", fault)
    with pytest.raises(kind, match=words):
        await failure_raised(lambda: service.cancel_batch(batch_id))
    assert server.count("cancel") == 1
    assert server.batches[batch_id]["status"] == ("cancelling" if fault.after else "in_progress")


async def failure_raised(ask: Ask) -> None:
    raise await failure(ask)


async def test_fault_25_poll_a_batch_that_is_not_there_yet_is_not_found(service: OpenAIService) -> None:
    error = await failure(lambda: service.retrieve_batch("batch_0"))
    assert isinstance(error, NotFoundError)
    assert "has no batch batch_0" in str(error)


async def test_fault_26_cancel_a_batch_that_was_deleted_is_not_found(service: OpenAIService) -> None:
    assert isinstance(await failure(lambda: service.cancel_batch("batch_0")), NotFoundError)


async def test_fault_50_cancel_a_finished_batch_is_refused_with_the_reason(
    server: FaultServer, service: OpenAIService
) -> None:
    batch_id = server.add_batch(status="completed")
    error = await failure(lambda: service.cancel_batch(batch_id))
    assert isinstance(error, RefusedError)
    assert (error.status, error.effect) == (409, Effect.UNKNOWN)
    assert "Cannot cancel a batch with status 'completed'" in str(error)


@pytest.mark.parametrize("batch_id", ["", ".", ".."])
async def test_an_id_that_no_url_can_hold_is_not_found_without_a_request(
    server: FaultServer, service: OpenAIService, batch_id: str
) -> None:
    assert isinstance(await failure(lambda: service.retrieve_batch(batch_id)), NotFoundError)
    assert server.seen == []


@pytest.mark.parametrize("batch_id", ["a/b", "a?b=c#d", "é ü", "x" * 3000, "%2e%2e", "b\ud800"])
async def test_an_odd_id_stays_one_path_component(
    server: FaultServer, service: OpenAIService, batch_id: str
) -> None:
    await failure(lambda: service.retrieve_batch(batch_id))
    assert [seen.call for seen in server.seen] in (["poll"], [])


@pytest.mark.parametrize(
    "fault",
    [
        status(404, body=b'{"detail":"Not Found"}'),
        status(404, body=b"404 page not found"),
        status(404, body=b"<html>nginx"),
        status(404, "Invalid URL (GET /v1/batches/batch_1)"),
        status(405, "Method Not Allowed"),
        status(501, body=b""),
    ],
)
async def test_a_route_the_server_lacks_is_unsupported_not_missing(
    server: FaultServer, service: OpenAIService, fault: Fault
) -> None:
    server.fail("poll", fault)
    assert isinstance(await failure(lambda: service.retrieve_batch("batch_1")), UnsupportedError)
    server.fail("list", fault)
    assert isinstance(await failure(service.list_batches), UnsupportedError)


@pytest.mark.parametrize(
    "value",
    [
        None,
        5,
        "text",
        [],
        {},
        {"id": None},
        {"id": "batch_other", "object": "batch"},
        {"id": "batch_1", "object": "file"},
    ],
)
async def test_fault_39_poll_a_reply_about_something_else_is_not_believed(
    server: FaultServer, service: OpenAIService, value: Json
) -> None:
    server.add_batch(id="batch_1")
    server.fail("poll", say(value))
    error = await failure(lambda: service.retrieve_batch("batch_1"))
    assert isinstance(error, NotTheApiError)


async def test_fault_39_create_a_reply_that_is_no_batch_leaves_the_effect_unknown(
    server: FaultServer, service: OpenAIService
) -> None:
    file_id = server.add_file(b"{}\n", purpose="batch")
    server.fail("create", say({"object": "batch", "id": None}))
    error = await failure(lambda: service.create_batch(NewBatch(file_id, "/v1/embeddings")))
    assert error.effect is Effect.UNKNOWN
    assert len(server.ledger) == 1


async def test_fault_39_list_entries_that_are_no_batch_are_left_out(
    server: FaultServer, service: OpenAIService
) -> None:
    server.fail("list", say([{"id": "batch_1", "status": 5}, None, {"id": ""}, {"object": "file", "id": "f"}]))
    page = await service.list_batches()
    assert [batch.id for batch in page.batches] == ["batch_1"]


@pytest.mark.parametrize("value", [None, 5, "text", {}, {"error": {"message": "x"}}])
async def test_fault_44_list_a_reply_that_is_no_list_is_not_believed(
    server: FaultServer, service: OpenAIService, value: Json
) -> None:
    server.fail("list", say(value))
    assert isinstance(await failure(service.list_batches), NotTheApiError)


async def test_fault_75_list_deep_json_and_numbers_without_end_do_not_crash(
    server: FaultServer, service: OpenAIService
) -> None:
    server.fail(
        "list",
        status(200, body=b"[" * 100_000),
        status(200, body=b'[{"id":"b","created_at":' + b"9" * 5000 + b"}]"),
    )
    assert isinstance(await failure(service.list_batches), ServerFaultError)
    with_number = await asyncio.gather(service.list_batches(), return_exceptions=True)
    assert not isinstance(with_number[0], BaseException) or isinstance(with_number[0], ServiceError)


async def test_fault_75_list_lone_surrogates_and_nan_are_read(server: FaultServer, service: OpenAIService) -> None:
    server.fail("list", status(200, body=b'{"data":[{"id":"b","metadata":{"a":"\\ud800"},"created_at":NaN}]}'))
    (batch,) = (await service.list_batches()).batches
    assert (dict(batch.metadata), batch.times.created) == ({"a": "?"}, None)
    assert batch.raw.encode()


async def test_fault_34_list_an_idle_connection_that_was_closed_is_replaced_unseen(
    server: FaultServer, service: OpenAIService
) -> None:
    await service.list_batches()
    await server.hang_up()
    await service.list_batches()
    assert server.count("list") == 2


async def test_fault_76_create_the_key_is_sent_to_the_service_and_appears_in_no_error(
    server: FaultServer, service: OpenAIService
) -> None:
    server.fail("create", status(400, f"You sent {KEY}!"))
    error = await failure(lambda: service.create_batch(NewBatch("file-1", "/v1/embeddings")))
    assert "You sent (key)!" in str(error)
    assert server.seen[-1].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("header", "value", "seconds"),
    [
        ("Retry-After", "130.5", 130.5),
        ("retry-after-ms", "1500", 1.5),
        ("Retry-After", "ms:2500", 2.5),
        ("Retry-After", "250ms", 0.25),
        ("Retry-After", "-3", 0.0),
        ("Retry-After", "1e30", 7 * 86400),
        ("Retry-After", "soon", None),
        ("Retry-After", "nan", None),
        ("X-Other", "5", None),
    ],
)
async def test_fault_21_list_retry_after_is_read_in_every_spelling(
    server: FaultServer, service: OpenAIService, header: str, value: str, seconds: float | None
) -> None:
    server.fail("list", status(429, headers={header: value}))
    error = await failure(service.list_batches)
    assert isinstance(error, RateLimitedError)
    assert error.retry_after == seconds


async def test_fault_21_poll_a_date_is_counted_by_the_server_s_clock(
    server: FaultServer, service: OpenAIService
) -> None:
    headers = {"Date": "Tue, 26 Mar 2024 16:00:00 GMT", "Retry-After": "Tue, 26 Mar 2024 16:02:10 GMT"}
    server.fail("poll", status(429, headers=headers))
    error = await failure(lambda: service.retrieve_batch("batch_1"))
    assert isinstance(error, RateLimitedError)
    assert error.retry_after == 130


async def test_a_503_tells_how_long_to_wait(server: FaultServer, service: OpenAIService) -> None:
    server.fail("list", status(503, headers={"Retry-After": "9"}))
    error = await failure(service.list_batches)
    assert isinstance(error, ServerFaultError)
    assert error.retry_after == 9


async def test_the_service_s_code_and_param_are_kept(server: FaultServer, service: OpenAIService) -> None:
    server.fail("list", status(400, body=b'{"error":{"message":"m","code":"bad_\\u001b","param":"after"}}'))
    error = await failure(service.list_batches)
    assert (error.code, error.param, error.status) == ("bad_␛", "after", 400)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"message":"plain"}', ": plain"),
        (b'{"detail":[{"msg":"field required"}]}', ": field required"),
        (b'{"error":"a sentence"}', ": a sentence"),
        (b"just text\n", ": just text"),
        (b"", r"\(422\)\.$"),
        (b"\xff\xfe", r"\(422\)"),
        (b"[1]", r"\(422\)"),
    ],
)
async def test_the_message_of_a_refusal_is_found_in_every_shape(
    server: FaultServer, service: OpenAIService, body: bytes, words: str
) -> None:
    server.fail("list", status(422, body=body))
    with pytest.raises(RefusedError, match=words):
        await service.list_batches()
