"""The worker's procedures over result files.

What follows from a join imports its own work when it's called: the first call waits for nothing it doesn't need.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from batch_tui.domain.files import Progress
from batch_tui.jsonl.lines import ProgressHook
from batch_tui.jsonl.results.join import JoinedResults, join_results
from batch_tui.jsonl.worker.calls_results import (
    CompareCall,
    EditCall,
    ExportCall,
    JoinCall,
    MergeAnswer,
    MergeCall,
    RetryAnswer,
    RetryCall,
)
from batch_tui.jsonl.worker.main import Answer, Procedure, Reply

_WHOLE = 1_000_000
"""What the progress of several steps together is told of."""


class ResultProcedures:
    """Joins, and what follows from a join: the last one is kept, for a retry set mostly follows a look."""

    def __init__(self) -> None:
        self._last: JoinedResults | None = None
        self._last_call: JoinCall | None = None
        self._last_stamp: list[tuple[int, int, int]] = []

    def table(self) -> Mapping[str, Procedure]:
        """The procedures by name."""
        return {
            "join": self.join,
            "compare": self.compare,
            "retry_set": self.retry_set,
            "merge": self.merge,
            "export": self.export,
            "edit": edit,
        }

    def join(self, call: msgspec.Raw, reply: Reply, /) -> Answer:
        """Join; the columns go back raw."""
        wanted = msgspec.json.decode(call, type=JoinCall)
        return Answer(value=True, columns=(self._joined(wanted, reply.progress).to_columns(),))

    def compare(self, call: msgspec.Raw, reply: Reply, /) -> Answer:
        """Join two batches and hold them against each other; both joins and what differs go back raw."""
        from batch_tui.jsonl.results.compared import compare_results  # noqa: PLC0415 - see above

        wanted = msgspec.json.decode(call, type=CompareCall)
        steps = [_step(reply.progress, number, 3) for number in range(3)]
        first, second = self._joined(wanted.first, steps[0]), self._joined(wanted.second, steps[1])
        with compare_results(first, second, on_progress=steps[2]) as found:
            pairs = (found.first_rows.tobytes(), found.second_rows.tobytes(), found.turns.tobytes())
            return Answer(found.comparison, columns=(first.to_columns(), second.to_columns(), *pairs))

    def retry_set(self, call: msgspec.Raw, reply: Reply, /) -> Answer:
        """Write a retry set."""
        from batch_tui.jsonl.results.retry_set import write_retry_set  # noqa: PLC0415 - see above

        wanted = msgspec.json.decode(call, type=RetryCall)
        done = write_retry_set(
            self._joined(wanted.join),
            _path(wanted.destination),
            include_permanent=wanted.include_permanent,
            only=None if wanted.only is None else frozenset(wanted.only),
            on_progress=reply.progress,
        )
        return Answer(RetryAnswer(done.kept, done.left_out))

    def merge(self, call: msgspec.Raw, reply: Reply, /) -> Answer:
        """Merge all generations; the unfinished rows go back raw."""
        from batch_tui.jsonl.results.export import ExportFormat  # noqa: PLC0415 - see above
        from batch_tui.jsonl.results.merge_table import merge_as  # noqa: PLC0415 - see above

        wanted = msgspec.json.decode(call, type=MergeCall)
        done = merge_as(
            self._joined(wanted.join),
            _path(wanted.destination),
            ExportFormat(wanted.format),
            overwrite=wanted.overwrite,
            on_progress=reply.progress,
        )
        return Answer(
            MergeAnswer(done.requests, done.succeeded, done.causes), columns=(done.unfinished.tobytes(),)
        )

    def export(self, call: msgspec.Raw, reply: Reply, /) -> Answer:
        """Export; the number of rows goes back."""
        from batch_tui.jsonl.results.export import ExportFormat, export_results  # noqa: PLC0415 - see above

        wanted = msgspec.json.decode(call, type=ExportCall)
        done = export_results(
            self._joined(wanted.join),
            _path(wanted.destination),
            ExportFormat(wanted.format),
            rows=wanted.rows,
            overwrite=wanted.overwrite,
            on_progress=reply.progress,
        )
        return Answer(done.rows)

    def _joined(self, call: JoinCall, on_progress: ProgressHook | None = None) -> JoinedResults:
        results = [[_path(path) for path in generation] for generation in call.results]
        source = None if call.input is None else _path(call.input)
        stamp = _stamp([*(path for paths in results for path in paths), *([source] if source else [])])
        if self._last is None or (call, stamp) != (self._last_call, self._last_stamp):
            # The old join goes before the new one comes: two at a time would be twice the memory.
            self._last = None
            self._last = join_results(results, input_path=source, on_progress=on_progress)
            self._last_call, self._last_stamp = call, stamp
        # An open file would keep a deleted one's place on the disk.
        self._last.close()
        return self._last


def edit(call: msgspec.Raw, reply: Reply, /) -> Answer:
    """Write a file's requests with some fields changed; the numbers of all and of the changed go back."""
    from batch_tui.jsonl.rewriting.edit import REMOVED, edit_file  # noqa: PLC0415 - see above

    wanted = msgspec.json.decode(call, type=EditCall)
    changes: dict[str, object] = {place: msgspec.json.decode(value) for place, value in wanted.changes.items()}
    changes |= dict.fromkeys(wanted.removed, REMOVED)
    done = edit_file(_path(wanted.source), _path(wanted.destination), changes, on_progress=reply.progress)
    return Answer((done.requests, done.changed))


def _step(hook: ProgressHook, number: int, count: int) -> ProgressHook:
    """The progress of one of several steps as that of all: their sizes aren't known before they begin."""

    def told(progress: Progress) -> None:
        hook(Progress(round(_WHOLE * (number + (progress.fraction or 0.0)) / count), _WHOLE))

    return told


def _path(raw: bytes) -> Path:
    return Path(os.fsdecode(raw))


def _stamp(paths: Iterable[Path]) -> list[tuple[int, int, int]]:
    """What changes when a file is replaced or written to."""
    found: list[tuple[int, int, int]] = []
    for path in paths:
        try:
            stat = path.stat()
        except OSError:
            # The join says which file it was, and why.
            return []
        found.append((stat.st_ino, stat.st_size, stat.st_mtime_ns))
    return found


PROCEDURES: Mapping[str, Procedure] = ResultProcedures().table()
"""What the worker finds here."""
