"""Batches of megabytes, which only a server that has gone wrong sends: read without building what nobody sees.

A key waits while a reply is decoded, and half a million pairs of metadata take half a second. Of such a batch the
API's own fields are read, each as far as it is short; in place of a long one stands how long it is.
"""

from __future__ import annotations

from contextlib import suppress

import httpx2
import msgspec

from batch_tui.api.replies import Call, decode, encode, read_json, require_body
from batch_tui.domain.batch import Batch
from batch_tui.domain.bounds import OWN_KEYS
from batch_tui.domain.normalise import batch_from_wire, batch_to_wire

LONG_BATCH = 1_000_000
"""Bytes of JSON from which on a batch is read this way: one with a thousand errors has a quarter of it."""
_LONG_VALUE = 256 * 1024
"""Bytes of a field from which on it isn't read."""
_NULL = msgspec.Raw(b"null")
_FIELDS = msgspec.defstruct("_Fields", [(name, msgspec.Raw, _NULL) for name in batch_to_wire(Batch(""))])
_OwnPairs = msgspec.defstruct("_OwnPairs", [(key, msgspec.Raw, _NULL) for key in OWN_KEYS])


def read_batch(response: httpx2.Response, call: Call) -> Batch | None:
    """The batch that a reply of any length is; None when it's something else.

    Raises:
        NotTheApiError: It is a web page.
        ServerFaultError: It is cut, or not JSON.
    """
    require_body(response, call)
    if len(response.content) > LONG_BATCH:
        # What isn't an object, or holds what only the lenient reader takes, is read the other way.
        with suppress(msgspec.DecodeError, UnicodeError, RecursionError):
            return read_long_batch(response.content)
    raw = read_json(response, call)
    return batch_from_wire(raw, text=encode(raw))


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
    if name == "metadata":
        return {"…": note, **_own_pairs(raw)}
    # An id that isn't read is none: what stands for it would name another batch.
    return None if name == "id" else note


def _own_pairs(metadata: bytes) -> dict[str, object]:
    """What this program wrote, among however much a server added: by it a batch is known again."""
    try:
        pairs = msgspec.structs.asdict(msgspec.json.decode(metadata, type=_OwnPairs))
    except msgspec.DecodeError:
        return {}
    return {key: decode(bytes(raw)) for key, raw in pairs.items() if len(bytes(raw)) <= _LONG_VALUE}
