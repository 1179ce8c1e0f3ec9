from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from batch_tui.domain.batch import NAME_KEY, PARENT_KEY
from batch_tui.domain.errors import InputFileError
from batch_tui.domain.lineage import GROUP_KEY, PART_KEY
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.results.collect import Collector
from batch_tui.engine.results.resubmit import Resubmitter
from batch_tui.engine.submitting.submit import Phase, Submitter
from batch_tui.jsonl.rewriting.edit import Changes
from tests.support.batches import a_batch
from tests.support.fake_service import FakeService
from tests.support.kits import World, an_order
from tests.support.workbench import Workbench


def request(custom_id: str) -> bytes:
    body = {"model": "m", "input": custom_id}
    line = {"custom_id": custom_id, "method": "POST", "url": "/v1/responses", "body": body}
    return json.dumps(line).encode() + b"\n"


def answer(custom_id: str, status: int) -> bytes:
    body = {} if status == 200 else {"error": {"code": "x", "message": "no"}}
    response = {"status_code": status, "request_id": "r", "body": body}
    return json.dumps({"id": "i", "custom_id": custom_id, "response": response, "error": None}).encode() + b"\n"


INPUT = b"".join(request(custom_id) for custom_id in "abcd")
OUTPUT = answer("a", 200)
ERRORS = answer("b", 429) + answer("c", 400)


class Scene:
    """A batch submitted from here that came back with one success, one failure of each kind, one line missing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.service = FakeService()
        self.kit = World(folder, self.service).start()
        self.submitter = Submitter(self.kit)
        self.collector = Collector(self.kit, folder / "cache" / "results")
        self.resubmitter = Resubmitter(
            self.kit,
            collector=self.collector,
            submitter=self.submitter,
            workbench=Workbench(),
        )

    async def ended(self, *, file_name: str = "input.jsonl", metadata: dict[str, str] | None = None) -> str:
        order = an_order(self.folder, INPUT, file_name=file_name, name="night", metadata=metadata)
        submission = await self.submitter.submit(order)
        assert submission.batch is not None
        self.service.finish(submission.batch.id, output=OUTPUT, errors=ERRORS)
        return submission.batch.id


async def test_what_can_pass_a_second_time_becomes_a_checked_file_beside_the_input(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    plan = await scene.resubmitter.plan(await scene.ended())
    assert plan.path == tmp_path / "input.retry-1.jsonl"
    assert plan.path.read_bytes() == request("b") + request("d")
    assert plan.kept == 2
    assert [cause.count for cause in plan.left_out] == [1]
    assert plan.report is not None
    assert plan.report.is_valid


async def test_sending_a_plan_makes_a_batch_that_names_its_parent(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    parent = await scene.ended(metadata={"team": "a"})
    submission = await scene.resubmitter.send(await scene.resubmitter.plan(parent))
    assert submission.phase is Phase.SUBMITTED
    assert submission.batch is not None
    assert submission.batch.metadata[PARENT_KEY] == parent
    assert submission.batch.metadata[NAME_KEY] == "input.retry-1"
    assert submission.batch.metadata["team"] == "a"
    assert submission.batch.endpoint == "/v1/responses"
    assert scene.service.contents[submission.batch.input_file_id] == request("b") + request("d")


async def test_a_retry_of_a_retry_counts_on(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    plan = await scene.resubmitter.plan(await scene.ended(file_name="input.retry-1.jsonl"))
    assert plan.path.name == "input.retry-2.jsonl"
    (tmp_path / "other.jsonl").write_bytes(b"")
    again = await scene.resubmitter.plan(await scene.ended(file_name="input.retry-1.jsonl"))
    assert again.path.name == "input.retry-3.jsonl"


async def test_permanent_failures_and_chosen_rows_on_request(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    batch_id = await scene.ended()
    everything = await scene.resubmitter.plan(batch_id, include_permanent=True)
    assert everything.kept == 3
    chosen = await scene.resubmitter.plan(
        batch_id,
        only=frozenset({1}),
        destination=tmp_path / "chosen.jsonl",
    )
    assert chosen.path.read_bytes() == request("b")


async def test_with_nothing_to_send_again_nothing_is_made_or_sent(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    batch_id = await scene.ended()
    all_good = b"".join(answer(custom_id, 200) for custom_id in "abcd")
    scene.service.finish(batch_id, output=all_good)
    plan = await scene.resubmitter.plan(batch_id)
    assert plan.kept == 0
    assert plan.why_nothing() == "every request succeeded"
    assert not plan.path.exists()
    assert (await scene.resubmitter.send(plan)).phase is Phase.FAILED
    assert scene.service.count("create_batch") == 1


async def test_a_batch_that_failed_validation_is_sent_again_whole(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    batch_id = await scene.ended()
    failed = replace(scene.service.batches[batch_id], output_file_id=None, error_file_id=None)
    scene.service.put(replace(failed, status=BatchStatus.FAILED))
    assert (await scene.resubmitter.plan(batch_id)).kept == 4


async def test_a_batch_that_still_runs_is_not_sent_again(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.service.put(a_batch())
    with pytest.raises(InputFileError, match="hasn't ended"):
        await scene.resubmitter.plan("batch_1")


async def test_a_strangers_batch_is_retried_from_the_cache(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    source = scene.service.add_file(INPUT, purpose="batch")
    pairs = {str(n): "v" for n in range(15)} | {"name": "their night"}
    theirs = replace(a_batch(), input_file_id=source.id, endpoint="/v1/responses", metadata=pairs)
    scene.service.put(theirs)
    scene.service.finish("batch_1", output=OUTPUT, errors=ERRORS)
    plan = await scene.resubmitter.plan("batch_1")
    assert plan.path.is_relative_to(tmp_path / "cache")
    assert plan.path.name == "their night.retry-1.jsonl"
    submission = await scene.resubmitter.send(plan)
    assert submission.phase is Phase.SUBMITTED, "sixteen pairs of the parent's leave room for ours"


async def test_what_a_retry_has_answered_is_not_sent_once_more(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    parent = await scene.ended()
    sent = await scene.resubmitter.send(await scene.resubmitter.plan(parent))
    assert sent.batch is not None
    scene.service.finish(sent.batch.id, output=answer("b", 200), errors=answer("d", 500))
    batches = tuple(scene.service.batches.values())
    plan = await scene.resubmitter.plan(parent, batches=batches)
    assert plan.path.read_bytes() == request("d")
    assert plan.others == (sent.batch.id,)
    of_retry = await scene.resubmitter.plan(sent.batch.id, batches=batches, destination=tmp_path / "again.jsonl")
    assert of_retry.path.read_bytes() == request("d")


async def test_the_retries_that_answered_all_that_could_pass_are_named(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    parent = await scene.ended()
    scene.service.finish(parent, output=answer("a", 200) + answer("c", 200), errors=answer("b", 429))
    sent = await scene.resubmitter.send(await scene.resubmitter.plan(parent))
    assert sent.batch is not None
    scene.service.finish(sent.batch.id, output=answer("b", 200) + answer("d", 200))
    plan = await scene.resubmitter.plan(parent, batches=tuple(scene.service.batches.values()))
    assert plan.kept == 0
    assert plan.why_nothing({sent.batch.id: "my retry"}.__getitem__) == (
        "every request has an answer, with those of my retry"
    )
    many = structs.replace(plan, others=("b1", "b2", "b3"))
    assert many.why_nothing().endswith("with those of b1, b2 and 1 other batch")


async def test_while_a_retry_runs_nothing_is_sent_that_it_may_answer(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    parent = await scene.ended()
    await scene.resubmitter.send(await scene.resubmitter.plan(parent))
    with pytest.raises(InputFileError, match=r"input\.retry-1 hasn't ended"):
        await scene.resubmitter.plan(parent, batches=tuple(scene.service.batches.values()))


async def test_a_group_is_retried_as_one_file_over_its_parts(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    first = await scene.ended(metadata={GROUP_KEY: "G", PART_KEY: "1/2", "team": "a"})
    order = an_order(tmp_path, request("e") + request("f"), file_name="two.jsonl", name="night 2/2")
    metadata = {GROUP_KEY: "G", PART_KEY: "2/2"}
    second = await scene.submitter.submit(structs.replace(order, metadata=metadata))
    assert second.batch is not None
    scene.service.finish(second.batch.id, output=answer("f", 200), errors=answer("e", 429))
    plan = await scene.resubmitter.plan("G", batches=tuple(scene.service.batches.values()))
    assert plan.path.read_bytes() == request("b") + request("d") + request("e")
    sent = await scene.resubmitter.send(plan)
    assert sent.batch is not None
    assert sent.batch.metadata[PARENT_KEY] == first
    assert sent.batch.metadata["team"] == "a"
    assert GROUP_KEY not in sent.batch.metadata


async def test_fields_are_set_anew_in_every_request_that_is_sent_again(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    changes: Changes = {"body.max_output_tokens": 2000}
    plan = await scene.resubmitter.plan(await scene.ended(), changes=changes)
    lines = [json.loads(line) for line in plan.path.read_bytes().splitlines()]
    assert [line["body"] for line in lines] == [
        {"model": "m", "input": name, "max_output_tokens": 2000} for name in "bd"
    ]
    assert (plan.kept, plan.changed) == (2, 2)
    assert not plan.path.with_name(f".{plan.path.name}.unchanged").exists()
