"""An account to show: batches in every state with real files behind them, and local files to try things on."""

from __future__ import annotations

import hashlib
import itertools
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from batch_tui.domain.batch import NAME_KEY, PARENT_KEY
from batch_tui.domain.limits import OPENAI_LIMITS
from batch_tui.gateway.answers import CANCELLED, EXPIRED, Answered, NotRun, result_line
from batch_tui.gateway.disk import Layout
from batch_tui.gateway.echo import failure, read_wish, success
from batch_tui.gateway.feed import Request, read_request
from batch_tui.gateway.journal import Tally, shuffle_lines
from batch_tui.gateway.records import (
    BatchObject,
    CountsObject,
    ErrorEntry,
    ErrorList,
    FileObject,
    StoredBatch,
    StoredFile,
)
from batch_tui.gateway.seed_lines import Trouble, bare_lines, broken_lines, request_lines
from batch_tui.gateway.seed_plan import CHAT, EMBEDDINGS, PLANS, RESPONSES, Plan
from batch_tui.gateway.validator import findings_now

_DAY = 86_400
_QUEUE_FULL = ErrorEntry(
    "token_limit_exceeded",
    "Enqueued token limit reached for text-embedding-3-small in organization org-demo. Limit: 3,000,000 enqueued "
    "tokens. Please try again once some in_progress batches have been completed.",
)
_UNRUN = {
    "expired": NotRun(EXPIRED, "This request could not be executed before the completion window expired."),
    "cancelled": NotRun(CANCELLED, "This request was not executed because the batch was cancelled."),
}


def seed_demo(data: Path, workspace: Path, *, now: float | None = None) -> None:
    """Make the account of the demo and its local files.

    The same ``now`` gives the same bytes. Batches that haven't ended go on when a gateway is started on
    ``data``.

    Args:
        data: The gateway's data directory, empty or absent.
        workspace: Where the local input files go; made when absent.
        now: Unix seconds the account is seen at; None for the present.
    """
    layout = Layout(data)
    layout.prepare()
    seeder = _Seeder(layout, int(time.time() if now is None else now))
    for plan in PLANS:
        seeder.add(plan)
    seeder.close()
    write_examples(workspace)


def write_examples(workspace: Path) -> None:
    """Write the local input files: good, with failures in store, bare bodies, broken, larger."""
    workspace.mkdir(parents=True, exist_ok=True)
    files: dict[str, Iterable[bytes]] = {
        "support-tickets.jsonl": request_lines(CHAT, "gpt-4o-mini", 200, "ticket", Trouble(7, 5)),
        "bare-bodies.jsonl": bare_lines("gpt-4o-mini", 40),
        "broken-lines.jsonl": broken_lines("broken"),
        "shop-texts-5000.jsonl": request_lines(RESPONSES, "gpt-4.1", 5_000, "shop", Trouble(12, 8)),
        "faq-embeddings.jsonl": request_lines(EMBEDDINGS, "text-embedding-3-small", 600, "faq"),
    }
    for name, lines in files.items():
        (workspace / name).write_bytes(b"".join(lines))


@dataclass(slots=True)
class _Results:
    """Result lines of one batch and what they add up to."""

    output: list[bytes]
    errors: list[bytes]
    tally: Tally


class _Seeder:
    def __init__(self, layout: Layout, now: int) -> None:
        self._layout = layout
        self._now = now
        self._sequence = 0
        self._failed: list[str] = []
        """custom_ids that have failed once and would pass now."""

    def add(self, plan: Plan) -> None:
        """Make one batch with its files."""
        created = self._now - int(plan.hours * 3_600)
        content = b"".join(_input_lines(plan))
        source = self._file(f"{plan.name}.jsonl", content, "batch", created - 30)
        batch = BatchObject(
            id=_id("batch_", plan.name),
            endpoint=plan.endpoint,
            input_file_id=source.id,
            created_at=created,
            expires_at=created + _DAY,
            status=plan.status,
            metadata=_metadata(plan),
        )
        if plan.refusal is not None:
            batch = self._refused(plan, batch)
        elif plan.status != "validating":
            batch = self._run(plan, batch, content)
        self._sequence += 1
        record = StoredBatch(
            self._sequence, batch, tokens=0 if batch.is_ended else len(content) // 4, queue=batch.model
        )
        _write(self._layout.batches / f"{batch.id}.json", record)

    def close(self) -> None:
        """Write what concerns the whole account."""
        self._layout.attempts.write_text("".join(f"{custom_id}\n" for custom_id in self._failed), encoding="utf-8")

    def _refused(self, plan: Plan, batch: BatchObject) -> BatchObject:
        errors: tuple[ErrorEntry, ...] = (_QUEUE_FULL,)
        if plan.refusal == "lines":
            errors = findings_now(self._layout.files / batch.input_file_id, OPENAI_LIMITS, plan.endpoint).errors
        return replace(batch, failed_at=batch.created_at + int(plan.minutes * 60), errors=ErrorList(errors))

    def _run(self, plan: Plan, batch: BatchObject, content: bytes) -> BatchObject:
        begun = batch.created_at + 40 if plan.hours > 0.02 else batch.created_at
        results = self._results(plan, batch, content)
        tally = results.tally
        batch = replace(
            batch,
            in_progress_at=begun,
            request_counts=CountsObject(plan.requests, tally.completed, tally.failed),
            model=plan.model,
            usage=tally.usage,
        )
        ended = batch.created_at + int(plan.minutes * 60)
        match plan.status:
            case "completed":
                batch = replace(batch, finalizing_at=ended - 45, completed_at=ended)
            case "expired":
                batch = replace(batch, expired_at=ended)
            case "cancelled":
                batch = replace(batch, cancelling_at=ended - 90, cancelled_at=ended)
            case "cancelling":
                batch = replace(batch, cancelling_at=self._now)
            case "finalizing":
                batch = replace(batch, finalizing_at=self._now)
            case _:
                pass
        return self._kept(batch, results, ended)

    def _kept(self, batch: BatchObject, results: _Results, ended: int) -> BatchObject:
        """Put the results where they belong: into files of an ended batch, or where its run goes on."""
        place = self._layout.batches / batch.id
        if not batch.is_ended:
            place.mkdir()
            (place / "output.part").write_bytes(b"".join(results.output))
            (place / "errors.part").write_bytes(b"".join(results.errors))
            return batch
        ids: list[str | None] = []
        for kind, lines in (("output", results.output), ("error", results.errors)):
            name = f"{batch.id}_{kind}.jsonl"
            file = self._file(name, b"".join(lines), "batch_output", ended, shuffled=True) if lines else None
            ids.append(file.id if file else None)
        return replace(batch, output_file_id=ids[0], error_file_id=ids[1])

    def _results(self, plan: Plan, batch: BatchObject, content: bytes) -> _Results:
        results = _Results([], [], Tally())
        ran = int(plan.requests * plan.share)
        unrun = _UNRUN.get(plan.status)
        known = itertools.count()
        # The lines of a running batch come in order; it goes on with those that have no result.
        for line in content.splitlines(keepends=True)[: None if unrun else ran]:
            request = read_request(line)
            if request is None:
                continue
            answer = unrun if unrun and next(known) >= ran else self._answer(plan, request, batch.created_at)
            if not isinstance(answer, NotRun):
                results.tally.count(answer)
            place = results.output if isinstance(answer, Answered) and answer.is_success else results.errors
            number = hashlib.blake2b((batch.id + request.custom_id).encode(), digest_size=12).hexdigest()
            place.append(result_line(request.custom_id, answer, number))
        return results

    def _answer(self, plan: Plan, request: Request, now: int) -> Answered | NotRun:
        wish = read_wish(request.body)
        if not wish.is_failure or plan.parent is not None:
            return success(request, wish, now)
        if wish.times is not None:
            self._failed.append(request.custom_id)
        return failure(wish)

    def _file(self, name: str, content: bytes, purpose: str, at: int, *, shuffled: bool = False) -> FileObject:
        file_id = _id("file-", name)
        path = self._layout.files / file_id
        path.write_bytes(content)
        if shuffled:
            ordered = self._layout.incoming / file_id
            shuffle_lines(path, ordered, file_id)
            ordered.replace(path)
        until = at + 30 * _DAY if purpose == "batch" else None
        file = FileObject(file_id, len(content), at, name, purpose, expires_at=until)
        self._sequence += 1
        _write(self._layout.files / f"{file_id}.json", StoredFile(self._sequence, file))
        return file


def _input_lines(plan: Plan) -> Iterator[bytes]:
    if plan.refusal == "lines":
        yield from broken_lines(plan.name)
        return
    if plan.parent is None:
        yield from request_lines(
            plan.endpoint, plan.model, plan.requests, plan.name, plan.trouble, delay_s=plan.delay_s
        )
        return
    parent = next(other for other in PLANS if other.name == plan.parent)
    for line in _input_lines(parent):
        request = read_request(line)
        if request is not None and read_wish(request.body).times is not None:
            yield line


def _metadata(plan: Plan) -> dict[str, str]:
    parent = {PARENT_KEY: _id("batch_", plan.parent)} if plan.parent else {}
    return {NAME_KEY: plan.name, **parent}


def _id(prefix: str, name: str) -> str:
    return prefix + hashlib.blake2b(name.encode(), digest_size=16).hexdigest()


def _write(path: Path, record: object) -> None:
    path.write_bytes(msgspec.json.encode(record))
