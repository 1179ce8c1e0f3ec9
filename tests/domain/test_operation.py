from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_tui.domain.batch import INTENT_KEY, NAME_KEY, PARENT_KEY, Batch
from batch_tui.domain.operation import (
    CancelOperation,
    CancelStage,
    IllegalMoveError,
    Step,
    SubmitOperation,
    SubmitStage,
    full_metadata,
)

INTENT = "0" * 32


def planned() -> SubmitOperation:
    return SubmitOperation(
        intent=INTENT,
        path="/in.jsonl",
        sha256="abc",
        endpoint="/v1/responses",
        created_at=0,
        name="night",
        parent="batch_0",
        metadata={"team": "a", INTENT_KEY: "forged"},
    )


def creating() -> SubmitOperation:
    return planned().upload_begins().upload_done("file-1", 100).create_begins()


def test_the_order_carries_the_nonce_and_a_forged_one_loses() -> None:
    order = creating().order
    assert order.input_file_id == "file-1"
    assert dict(order.metadata) == {
        "team": "a",
        NAME_KEY: "night",
        PARENT_KEY: "batch_0",
        INTENT_KEY: INTENT,
    }


def test_without_name_and_parent_only_the_nonce_is_added() -> None:
    assert full_metadata("n", None, None, {}) == {INTENT_KEY: "n"}


@pytest.mark.parametrize(
    ("operation", "step"),
    [
        (planned(), Step.UPLOAD),
        (planned().upload_begins(), Step.UPLOAD),
        (planned().upload_begins().upload_done("f", None), Step.CREATE),
        (creating(), Step.SETTLE),
        (creating().create_in_doubt("?"), Step.SETTLE),
        (creating().create_in_doubt("?").not_found(), Step.ASK),
        (creating().submitted("batch_1"), Step.NONE),
        (creating().refused("no"), Step.NONE),
        (creating().create_had_no_effect("x"), Step.CREATE),
        (planned().dismissed(), Step.NONE),
        (planned().held("wrong key"), Step.ASK),
        (planned().held("wrong key").released(), Step.UPLOAD),
    ],
)
def test_each_stage_says_what_comes_next(operation: SubmitOperation, step: Step) -> None:
    assert operation.next_step is step


@pytest.mark.parametrize(
    "operation",
    [creating(), creating().create_in_doubt("?"), creating().create_in_doubt("?").not_found()],
)
def test_a_create_in_doubt_can_never_be_sent_again(operation: SubmitOperation) -> None:
    with pytest.raises(IllegalMoveError):
        operation.create_begins()
    with pytest.raises(IllegalMoveError):
        operation.upload_begins()
    with pytest.raises(IllegalMoveError):
        operation.held("later")


def test_a_batch_that_turns_up_late_is_taken_even_after_it_was_let_go() -> None:
    maybe = creating().create_in_doubt("cut").not_found()
    assert maybe.reason == "cut"
    for late in (maybe, maybe.dismissed(), maybe.replaced()):
        assert late.submitted("batch_9").stage is SubmitStage.SUBMITTED
        assert late.may_exist


def test_what_was_never_sent_can_not_turn_up() -> None:
    assert not planned().dismissed().may_exist


def test_a_batch_is_recognised_by_its_nonce_and_only_without_one_by_its_file() -> None:
    operation = creating()
    assert operation.made(Batch("b", metadata={INTENT_KEY: INTENT}))
    assert operation.made(Batch("b", input_file_id="file-1"))
    assert not operation.made(Batch("b", input_file_id="file-1", metadata={INTENT_KEY: "other"}))
    assert not operation.made(Batch("b", input_file_id="file-2"))
    assert not planned().made(Batch("b"))


def test_a_cancellation_ends_once() -> None:
    operation = CancelOperation("i", "batch_1", 0)
    ended = operation.ended(CancelStage.CONFIRMED)
    assert operation.is_open
    assert not ended.is_open
    with pytest.raises(IllegalMoveError):
        ended.ended(CancelStage.REFUSED)


@dataclass
class World:
    """A disk, a service and a program that may die between any two of its acts.

    ``faults`` decides, act by act, what goes wrong: it is what hypothesis interleaves.
    """

    faults: list[str]
    disk: SubmitOperation = field(default_factory=planned)
    batches: int = 0
    visible: int = 0
    posts_after_doubt: int = 0

    def fault(self) -> str:
        return self.faults.pop() if self.faults else "none"

    def run_once(self) -> None:
        """One life of the program: from what the disk says until it ends, asks or dies."""
        while (step := self.disk.next_step) not in {Step.NONE, Step.ASK}:
            if self.fault() == "crash":
                return
            if step is Step.UPLOAD:
                self.disk = self.disk.upload_begins()
                if self.fault() == "crash":
                    return
                self.disk = self.disk.upload_done("file-1", 100)
            elif step is Step.CREATE:
                if not self.create():
                    return
            elif not self.settle():
                return

    def create(self) -> bool:
        self.disk = self.disk.create_begins()
        fault = self.fault()
        if fault == "crash":
            return False
        if fault == "refused connection":
            self.disk = self.disk.create_had_no_effect("refused")
            return True
        if fault == "400":
            self.disk = self.disk.refused("no")
            return True
        if fault != "lost before":
            self.batches += 1
        if fault in {"lost before", "lost after"}:
            if self.fault() == "crash":
                return False
            self.disk = self.disk.create_in_doubt("cut")
            return True
        if self.fault() == "crash":
            return False
        self.disk = self.disk.submitted("batch_1")
        return True

    def settle(self) -> bool:
        fault = self.fault()
        if fault == "crash":
            return False
        if self.disk.stage is SubmitStage.CREATING:
            self.disk = self.disk.create_in_doubt("died")
        is_lagging = fault == "lost after"
        if self.batches and not is_lagging:
            self.disk = self.disk.submitted("batch_1")
        else:
            self.disk = self.disk.not_found()
        return True


FAULTS = st.sampled_from(["none", "crash", "refused connection", "400", "lost before", "lost after"])


@settings(max_examples=500, deadline=None)
@given(st.lists(FAULTS, max_size=40))
def test_fault_61_create_over_every_interleaving_of_crashes_at_most_one_batch(faults: list[str]) -> None:
    world = World(list(faults))
    for _ in range(len(faults) + 1):
        world.run_once()
        assert world.batches <= 1
    world.faults.clear()
    world.run_once()
    assert world.batches <= 1
    if world.batches:
        assert world.disk.stage in {SubmitStage.SUBMITTED, SubmitStage.MAYBE}
    assert world.disk.next_step in {Step.NONE, Step.ASK}


MOVES = st.sampled_from(
    [
        "upload_begins",
        "upload_done",
        "create_begins",
        "create_had_no_effect",
        "create_in_doubt",
        "not_found",
        "submitted",
        "refused",
        "dismissed",
        "replaced",
        "held",
        "released",
    ],
)
ARGUMENTS = {
    "upload_done": ("file-1", 5),
    "create_had_no_effect": ("r",),
    "create_in_doubt": ("r",),
    "submitted": ("batch_1",),
    "refused": ("r",),
    "held": ("r",),
}


@settings(max_examples=500, deadline=None)
@given(st.lists(MOVES, max_size=30))
def test_whatever_is_tried_a_doubted_create_is_never_followed_by_another(moves: list[str]) -> None:
    operation = planned()
    is_in_doubt = False
    for move in moves:
        try:
            operation = getattr(operation, move)(*ARGUMENTS.get(move, ()))
        except IllegalMoveError:
            continue
        if move == "create_begins":
            assert not is_in_doubt
        is_in_doubt = is_in_doubt or move in {"create_in_doubt", "submitted"}
