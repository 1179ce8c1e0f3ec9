"""The engine over the real SDK against a server that fails: the ledger is the server's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from batch_tui.engine.cancel import Canceller, CancelState
from batch_tui.engine.kit import Kit
from batch_tui.engine.results.collect import Collector
from batch_tui.engine.submitting.submit import Phase, Submitter
from tests.support import faults
from tests.support.faults import Fault, FaultServer
from tests.support.kits import an_order

CONTENT = b'{"custom_id":"a"}\n' * 400
CARRIED_OUT = {
    "07_rst_after": faults.reset(after=True),
    "08_fin_after": faults.close(after=True),
    "09_silence_after": faults.silence(after=True),
    "10_hang_in_body": faults.hang_in_body(),
    "11_rst_in_body": faults.reset_in_body(),
    "12_short_length": faults.short_length(),
    "13_short_chunked": faults.short_chunked(),
    "14_early_eof": faults.early_eof(),
    "15_cut_json": faults.cut_json(),
    "18_500_after": faults.status(500, after=True),
    "18_504_after": faults.status(504, after=True),
    "18_408_after": faults.status(408, after=True),
    "19_409_after": faults.status(409, after=True),
    "30_garbage_after": faults.garbage(after=True),
    "31_corrupt_gzip": faults.corrupt_gzip(),
    "39_not_a_batch": faults.say({"object": "batch", "id": None}),
    "75_deep_json": faults.say([[[[[[]]]]]]),
}
NOT_CARRIED_OUT = {
    "06_rst_before": faults.reset(after=False),
    "06_fin_before": faults.close(after=False),
    "09_silence_before": faults.silence(after=False),
    "16_portal": faults.portal(),
    "17_500_before": faults.status(500),
    "17_503_before": faults.status(503),
    "29_redirect": faults.redirect("http://other.invalid/v1/batches"),
    "30_garbage": faults.garbage(),
}
EITHER = CARRIED_OUT | NOT_CARRIED_OUT


def rows(table: dict[str, Fault]) -> list[object]:
    return [pytest.param(fault, id=f"fault_{row}") for row, fault in table.items()]


@pytest.mark.parametrize("fault", rows(CARRIED_OUT))
async def test_fault_07_create_over_the_wire_one_batch_shown_as_submitted(
    tmp_path: Path,
    server: FaultServer,
    kit: Kit,
    fault: Fault,
) -> None:
    server.fail("create", fault)
    submission = await Submitter(kit).submit(an_order(tmp_path))
    assert len(server.ledger) == 1
    assert server.count("create") == 1
    assert submission.phase is Phase.SUBMITTED
    assert submission.batch is not None
    assert submission.batch.id == server.ledger[0]


@pytest.mark.parametrize("fault", rows(NOT_CARRIED_OUT))
async def test_fault_06_create_over_the_wire_no_second_post_without_the_users_word(
    tmp_path: Path,
    server: FaultServer,
    kit: Kit,
    fault: Fault,
) -> None:
    server.fail("create", fault)
    submitter = Submitter(kit)
    submission = await submitter.submit(an_order(tmp_path))
    assert server.count("create") == 1
    assert server.ledger == []
    assert submission.phase is Phase.UNKNOWN
    again = await submitter.resubmit(submission.intent)
    assert again.phase is Phase.SUBMITTED
    assert len(server.ledger) == 1


@pytest.mark.parametrize("fault", rows(EITHER))
async def test_fault_06_upload_over_the_wire_is_made_again_and_one_batch_follows(
    tmp_path: Path,
    server: FaultServer,
    kit: Kit,
    fault: Fault,
) -> None:
    server.fail("upload", fault)
    submission = await Submitter(kit).submit(an_order(tmp_path))
    if submission.phase is Phase.FAILED:
        assert fault.name in {"answer 307", "answer 409"}, submission.message
        assert server.ledger == []
    else:
        assert submission.phase is Phase.SUBMITTED
        assert len(server.ledger) == 1


@pytest.mark.parametrize("fault", rows(EITHER))
async def test_fault_06_cancel_over_the_wire_goes_on_until_the_service_confirms(
    server: FaultServer,
    kit: Kit,
    fault: Fault,
) -> None:
    batch_id = server.add_batch()
    server.fail("cancel", fault)
    outcomes = [outcome async for outcome in Canceller(kit).cancel([batch_id])]
    assert outcomes[-1].state is CancelState.CONFIRMED
    assert server.batches[batch_id]["status"] == "cancelling"


def harmless(call: str) -> list[object]:
    """Faults that a repeated GET gets over; a refusal, and content that is taken as it comes, are not."""
    refusals = {"answer 307", "answer 409"} | ({"answer 200"} if call == "download" else set())
    return [
        pytest.param(call, fault, id=f"{call}_fault_{row}")
        for row, fault in EITHER.items()
        if fault.name not in refusals
    ]


@pytest.mark.parametrize(("call", "fault"), [*harmless("poll"), *harmless("file"), *harmless("download")])
async def test_fault_06_download_over_the_wire_the_file_is_whole(
    tmp_path: Path,
    server: FaultServer,
    kit: Kit,
    call: str,
    fault: Fault,
) -> None:
    output = server.add_file(CONTENT)
    batch_id = server.add_batch(status="completed", output_file_id=output)
    server.fail(call, fault)
    collected = await Collector(kit, tmp_path / "cache").collect(batch_id)
    assert collected.output is not None
    assert collected.output.read_bytes() == CONTENT
