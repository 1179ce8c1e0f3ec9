"""The worker's procedures over input files.

Each imports its own work when it's called: the first call waits for nothing that it doesn't need.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from batch_tui.jsonl.worker.calls import (
    CheckCall,
    CureCall,
    IndexCall,
    PartAnswer,
    SplitCall,
    WrapAnswer,
    WrapCall,
    bytes_path,
    path_bytes,
)
from batch_tui.jsonl.worker.main import Answer, Procedure, Reply


def check(call: msgspec.Raw, reply: Reply, /) -> Answer:
    """Check a file; the report goes back without its path."""
    from batch_tui.jsonl.checking.check import check_file  # noqa: PLC0415 - see above

    wanted = msgspec.json.decode(call, type=CheckCall)
    report = check_file(
        bytes_path(wanted.path),
        limits=wanted.limits,
        endpoint=wanted.endpoint,
        on_progress=reply.progress,
        wants_digest=wanted.wants_digest,
    )
    return Answer(replace(report, path="", counts=dict(report.counts)))


def index(call: msgspec.Raw, reply: Reply, /) -> Answer:
    """Index a file; the offsets go back raw."""
    from batch_tui.jsonl.index import LineIndex  # noqa: PLC0415 - see above

    wanted = msgspec.json.decode(call, type=IndexCall)
    return Answer(
        value=True, columns=(LineIndex.build(bytes_path(wanted.path), on_progress=reply.progress).to_bytes(),)
    )


def wrap(call: msgspec.Raw, reply: Reply, /) -> Answer:
    """Wrap a file of bare bodies."""
    from batch_tui.jsonl.rewriting.wrap import wrap_file  # noqa: PLC0415 - see above

    wanted = msgspec.json.decode(call, type=WrapCall)
    done = wrap_file(
        bytes_path(wanted.source),
        bytes_path(wanted.destination),
        endpoint=wanted.endpoint,
        id_prefix=wanted.id_prefix,
        on_progress=reply.progress,
    )
    return Answer(WrapAnswer(done.requests, done.endpoint, done.skipped))


def cure(call: msgspec.Raw, reply: Reply, /) -> Answer:
    """Mend a file."""
    from batch_tui.jsonl.rewriting.cures import cure_file  # noqa: PLC0415 - see above

    wanted = msgspec.json.decode(call, type=CureCall)
    source, destination = bytes_path(wanted.source), bytes_path(wanted.destination)
    return Answer(cure_file(source, destination, wanted.cures, on_progress=reply.progress))


def split(call: msgspec.Raw, reply: Reply, /) -> Answer:
    """Split a file."""
    from batch_tui.jsonl.rewriting.split import split_file  # noqa: PLC0415 - see above

    wanted = msgspec.json.decode(call, type=SplitCall)
    parts = split_file(
        bytes_path(wanted.source),
        bytes_path(wanted.directory),
        max_requests=wanted.max_requests,
        max_bytes=wanted.max_bytes,
        max_tokens=wanted.max_tokens,
        on_progress=reply.progress,
    )
    return Answer([PartAnswer(path_bytes(part.path), part.requests, part.bytes) for part in parts])


PROCEDURES: Mapping[str, Procedure] = {
    "check": check,
    "index": index,
    "wrap": wrap,
    "cure": cure,
    "split": split,
}
"""What the worker finds here."""
