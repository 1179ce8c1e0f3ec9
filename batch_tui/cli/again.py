"""The same bytes a second time: said, and asked about, before anything is paid twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.domain.operation import SubmitOperation
from batch_tui.engine.submitting.submission import SubmitOrder
from batch_tui.engine.submitting.submit import Submitter

_HOW = "Nothing was sent. To send the same bytes again: --again"


def objection(
    submitter: Submitter, orders: Sequence[SubmitOrder], console: Console, *, is_meant: bool
) -> Exit | None:
    """Look for orders that were sent before, say which, and ask.

    Args:
        submitter: Knows the journal, which must have been read.
        orders: What is to be sent.
        console: Where it is said and asked.
        is_meant: True when the user said beforehand that it is to be sent again.

    Returns:
        None when all may be sent; else the exit code of the verb, everything said.
    """
    doubts = list(_doubts(submitter, orders))
    repeats = list(_repeats(submitter, orders))
    for sentence in (*doubts, *repeats):
        console.say(sentence)
    if is_meant or not (doubts or repeats):
        return None
    if doubts:
        console.say("Nothing was sent. To look once more, and to send it anew if it is not found: --again")
        return Exit.SERVICE
    if console.ask("Submit it again, and pay for it again? [y/N]"):
        return None
    console.say(_HOW)
    return Exit.USAGE


def _doubts(submitter: Submitter, orders: Sequence[SubmitOrder]) -> Iterator[str]:
    for order in orders:
        open_submit = submitter.in_doubt(order.report.sha256, order.endpoint)
        if open_submit is not None:
            yield f"{order.path.name}: {_when(open_submit)} it was maybe submitted, and not found since."


def _repeats(submitter: Submitter, orders: Sequence[SubmitOrder]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for order in orders:
        digest, name = order.report.sha256, order.path.name
        made = submitter.earlier(digest)
        if made:
            yield f"{name}: the very same bytes were submitted {_when(made[-1])}, as {made[-1].batch_id}."
        elif digest in seen:
            yield f"{name}: holds the very same bytes as {seen[digest]}."
        seen.setdefault(digest, name)


def _when(operation: SubmitOperation) -> str:
    moment = datetime.fromtimestamp(operation.created_at).astimezone()
    return f"on {moment:%Y-%m-%d at %H:%M}"
