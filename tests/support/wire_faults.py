"""The faults of the wire by their number, for tests that hold one thing under all of them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.support import faults
from tests.support.faults import Fault
from tests.support.hostile import ALL

WIRE: Mapping[int, Fault] = {
    6: faults.reset(after=False),
    7: faults.reset(after=True),
    8: faults.close(after=True),
    9: faults.silence(),
    10: faults.hang_in_body(),
    11: faults.reset_in_body(),
    12: faults.short_length(),
    13: faults.short_chunked(),
    14: faults.early_eof(),
    15: faults.cut_json(),
    16: faults.portal(),
    17: faults.status(503),
    18: faults.status(502, after=True),
    19: faults.status(409),
    20: faults.status(429, headers={"Retry-After": "7"}),
    21: faults.status(429, headers={"Retry-After": "1300"}),
    23: faults.status(401),
    24: faults.status(403),
    25: faults.status(404),
    27: faults.status(400, ALL.encode("utf-8", "replace").decode() + "y" * 100_000),
    29: faults.redirect("https://elsewhere.invalid/v1"),
    30: faults.garbage(),
    31: faults.corrupt_gzip(),
    32: faults.corrupt_bytes(),
    33: faults.drip(every=1.0),
    75: faults.answer(faults.Reply(200, b'{"a":' * 3000)),
}


def wire(phases: str, *, without: frozenset[int] = frozenset()) -> list[object]:
    """Parameters, one for each fault, with an id that names the phases."""
    return [
        pytest.param(fault, id=f"fault_{number:02d}_{phases}_{fault.name.replace(' ', '_')}")
        for number, fault in WIRE.items()
        if number not in without
    ]
