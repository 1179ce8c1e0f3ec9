"""Under each fault of the wire a submit, a cancel and a download; then a new start on the same disk."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from msgspec.structs import replace

from batch_tui.api.client import OpenAIService
from batch_tui.api.connection import Connection
from batch_tui.domain.errors import BatchTuiError
from batch_tui.domain.operation import CancelStage, SubmitStage
from batch_tui.engine.cancel import Canceller, CancelState
from batch_tui.engine.kit import Kit
from batch_tui.engine.results.collect import Collector
from batch_tui.engine.submitting.submit import Phase, Submitter
from tests.support import faults
from tests.support.faults import Fault, FaultServer
from tests.support.hostile import ALL
from tests.support.kits import World, an_order
from tests.support.wire_faults import wire

CONTENT = b'{"custom_id":"a"}\n' * 400


async def run_all(kit: Kit, folder: Path, batch_ids: list[str]) -> None:
    """What a user does in a bad hour; what is told to him is no matter here."""
    await Submitter(kit).submit(an_order(folder))
    try:
        async for _ in Canceller(kit).cancel(batch_ids[:1]):
            pass
        await Collector(kit, folder / "cache").collect(batch_ids[1])
    except BatchTuiError:
        return


WHILE_SENDING = pytest.param(faults.refuse_while_sending(lingers=False), id="fault_28_upload_create_state")


@pytest.mark.parametrize("fault", [*wire("upload_create_download_cancel_state"), WHILE_SENDING])
async def test_after_a_fault_anywhere_the_next_start_knows_all_and_pays_once(
    tmp_path: Path, server: FaultServer, kit: Kit, fault: Fault
) -> None:
    output = server.add_file(CONTENT)
    running, done = server.add_batch(), server.add_batch(status="completed", output_file_id=output)
    for call in ("upload", "create", "cancel", "download"):
        server.fail(call, fault)
    await run_all(kit, tmp_path, [running, done])
    assert server.count("create") <= 2
    assert len(server.ledger) <= 1
    again = World(tmp_path, kit.service).start()
    assert await again.journal.load() == (), "no file is damaged"
    await Submitter(again).recover(resume=True)
    async for _ in Canceller(again).recover():
        pass
    assert len(server.ledger) <= 1
    (submit,) = again.journal.submits()
    if submit.stage is SubmitStage.SUBMITTED:
        assert server.ledger == [submit.batch_id]
    else:
        assert not server.ledger or submit.may_exist
    for cancel in again.journal.cancels():
        assert cancel.stage is not CancelStage.CONFIRMED or server.batches[running]["status"] == "cancelling"
    for path in (tmp_path / "cache").rglob("*output*.jsonl"):
        content = path.read_bytes()
        assert content == CONTENT or fault.name in {"changed", "answer 200"}, "whole or absent"


async def test_fault_34_upload_create_download_cancel_state_a_connection_closed_while_idle_costs_nothing(
    tmp_path: Path, server: FaultServer, kit: Kit
) -> None:
    output = server.add_file(CONTENT)
    running, done = server.add_batch(), server.add_batch(status="completed", output_file_id=output)
    await kit.service.list_batches()
    await server.hang_up()
    assert (await Submitter(kit).submit(an_order(tmp_path))).phase is Phase.SUBMITTED
    assert len(server.ledger) == 1
    await server.hang_up()
    outcomes = [outcome async for outcome in Canceller(kit).cancel([running])]
    assert outcomes[-1].state is CancelState.CONFIRMED
    await server.hang_up()
    collected = await Collector(kit, tmp_path / "cache").collect(done)
    assert collected.output is not None
    assert collected.output.read_bytes() == CONTENT
    again = World(tmp_path, kit.service).start()
    assert await again.journal.load() == ()
    assert await Submitter(again).recover() == ()


async def test_fault_25_list_state_a_404_right_after_the_creation_is_no_end(
    tmp_path: Path, server: FaultServer, kit: Kit
) -> None:
    server.fail("create", faults.reset(after=True))
    server.fail("list", faults.status(404))
    submission = await Submitter(kit).submit(an_order(tmp_path))
    again = World(tmp_path, kit.service).start()
    await Submitter(again).recover(resume=True)
    (operation,) = again.journal.submits()
    assert len(server.ledger) == 1
    assert server.count("create") == 1
    assert submission.phase is Phase.UNKNOWN, "a list that isn't there proves nothing"
    assert operation.stage is SubmitStage.SUBMITTED


async def test_fault_26_create_cancel_state_a_batch_or_file_somebody_deleted_is_told(
    tmp_path: Path, server: FaultServer, kit: Kit
) -> None:
    outcomes = [outcome async for outcome in Canceller(kit).cancel(["batch_gone"])]
    assert outcomes[-1].state is CancelState.REFUSED
    assert "batch_gone" in outcomes[-1].message
    for _ in range(20):
        server.fail("create", faults.status(400, "No such File object: file-1"))
    submission = await Submitter(kit).submit(an_order(tmp_path))
    assert submission.phase is Phase.FAILED
    assert "No such File object" in submission.message, "the service's own words"
    assert server.ledger == []
    again = World(tmp_path, kit.service).start()
    assert await again.journal.load() == ()
    assert [cancel.stage for cancel in again.journal.cancels()] == [CancelStage.REFUSED]
    assert [submit.stage for submit in again.journal.submits()] == [SubmitStage.REFUSED]


HOSTILE = ALL.encode("utf-8", "replace").decode()


async def test_fault_71_72_73_75_upload_create_cancel_download_state_hostile_words_are_kept_literal(
    tmp_path: Path, server: FaultServer, kit: Kit
) -> None:
    """Every word the server says, and the name of the local file, come back harmless from messages and disk."""
    output = server.add_file(CONTENT, name=HOSTILE)
    done = server.add_batch(status="completed", output_file_id=output, metadata={"batch_tui_name": HOSTILE})
    collected = await Collector(kit, tmp_path / "cache").collect(done)
    assert collected.output is not None
    assert collected.output.resolve().is_relative_to((tmp_path / "cache").resolve())
    assert collected.output.name.isprintable()
    assert collected.output.read_bytes() == CONTENT
    server.fail("cancel", faults.status(400, HOSTILE), times=None)
    running = server.add_batch()
    outcomes = [outcome async for outcome in Canceller(kit).cancel([running])]
    assert outcomes[-1].message.isprintable()
    for call in ("upload", "create"):
        server.fail(call, faults.status(422, HOSTILE))
        order = an_order(tmp_path, name=HOSTILE[:200], file_name="evil\x1b]0;x\x07[b].jsonl")
        submission = await Submitter(kit).submit(order)
        assert submission.phase is Phase.FAILED
        assert submission.message.isprintable()
    again = World(tmp_path, kit.service).start()
    assert await again.journal.load() == ()
    for path in (tmp_path / "state").rglob("*.json"):
        assert b"\x1b" not in path.read_bytes()


@pytest.fixture
async def hopeless(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Kit]:
    """The engine over a client that can't reach anything, in a way that waiting does not mend."""
    error: Exception = request.param

    def refuse(sent: httpx2.Request) -> httpx2.Response:
        raise error

    http = httpx2.AsyncClient(transport=httpx2.MockTransport(refuse))
    service = OpenAIService(Connection("https://api.invalid/v1", "sk-test"), http_client=http)
    yield World(tmp_path, service).start()
    await service.aclose()


def tls() -> httpx2.ConnectError:
    refused = ssl.SSLCertVerificationError(1, "certificate verify failed")
    refused.verify_message = "self-signed certificate"
    error = httpx2.ConnectError("tls")
    error.__cause__ = OSError(refused)
    return error


def no_name() -> httpx2.ConnectError:
    error = httpx2.ConnectError("no name")
    error.__cause__ = OSError(socket.gaierror(-2, "Name or service not known"))
    return error


def plain_port() -> httpx2.ConnectError:
    error = httpx2.ConnectError("wrong version number")
    cause = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")
    cause.reason = "WRONG_VERSION_NUMBER"
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "hopeless",
    [
        pytest.param(tls(), id="fault_04_upload_download_cancel_state"),
        pytest.param(plain_port(), id="fault_05_upload_download_cancel_state"),
        pytest.param(httpx2.ProxyError("dead"), id="fault_36_upload_download_cancel_state"),
        pytest.param(httpx2.ConnectError("refused"), id="fault_02_upload_download_cancel_state"),
        pytest.param(no_name(), id="fault_01_upload_download_cancel_state"),
        pytest.param(httpx2.ConnectTimeout("black hole"), id="fault_03_upload_download_cancel_state"),
    ],
    indirect=True,
)
async def test_without_a_way_there_nothing_is_half_done(tmp_path: Path, hopeless: Kit) -> None:
    submission = await Submitter(hopeless).submit(an_order(tmp_path))
    assert submission.phase is Phase.FAILED
    assert submission.message.isprintable()
    with pytest.raises(BatchTuiError):
        await Collector(hopeless, tmp_path / "cache").collect("batch_1")
    assert not list((tmp_path / "cache").rglob("*.*"))
    outcomes = [outcome async for outcome in Canceller(hopeless).cancel(["batch_1"])]
    assert outcomes[-1].message
    again = World(tmp_path, replace(hopeless).service).start()
    assert await again.journal.load() == ()
    assert all(not operation.may_exist for operation in again.journal.submits())
