"""Batches of megabytes, which only a server that has gone wrong sends: read without building what nobody sees.

A key waits while a reply is decoded, and half a million pairs of metadata take half a second. Of such a batch the
API's own fields are read, each as far as it is short; in place of a long one stands how long it is.
"""

from __future__ import annotations

import msgspec

from batch_tui.api.replies import decode
from batch_tui.domain.batch import Batch
from batch_tui.domain.normalise import batch_from_wire, batch_to_wire

LONG_BATCH = 1_000_000
"""Bytes of JSON from which on a batch is read this way: one with a thousand errors has a quarter of it."""
_LONG_VALUE = 256 * 1024
"""Bytes of a field from which on it isn't read."""
_NULL = msgspec.Raw(b"null")
_FIELDS = msgspec.defstruct("_Fields", [(name, msgspec.Raw, _NULL) for name in batch_to_wire(Batch(""))])


def read_long_batch(content: bytes) -> Batch | None:
    """The batch in a long JSON text; None when it holds none.

    Raises:
        msgspec.DecodeError: It is no JSON.
    """
    fields = msgspec.structs.asdict(msgspec.json.decode(content, type=_FIELDS))
    values = {name: _value(name, bytes(raw)) for name, raw in fields.items()}
    return batch_from_wire(values, text=content.decode("utf-8", "replace"))


def _value(name: str, raw: bytes) -> object:
    if len(raw) <= _LONG_VALUE:
        return decode(raw)
    note = f"({len(raw):,} bytes, not read)"
    # An id that isn't read is none: what stands for it would name another batch.
    return {"id": None, "metadata": {"…": note}}.get(name, note)
