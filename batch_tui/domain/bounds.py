"""How much is kept of what a server sends: a batch is drawn, sorted, searched and stored whole, at every change.

The limits are far beyond what the API allows, so that nobody meets them but a server that has gone wrong. What
was cut says so itself, wherever it is shown.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate, islice

from batch_tui.domain.batch import INTENT_KEY, NAME_KEY, PARENT_KEY, BatchError
from batch_tui.domain.lineage import GROUP_KEY, PART_KEY

TEXT_LIMIT = 4_096
"""Characters of one value; an id that is longer can't be asked for, and is none."""
VALUE_LIMIT = 2_048
"""Characters of one value of ``metadata``; the API lets it have 512."""
WORD_LIMIT = 256
"""Characters of a code, a state, a name of a field."""
SUM_LIMIT = 128 * 1024
"""Characters of all errors of a batch together, and of the JSON that it came from."""
MAX_ERRORS = 1_000
"""Entries of ``errors`` of one batch."""
MAX_PAIRS = 64
"""Pairs of ``metadata`` of one batch; the API lets it have 16."""
OWN_KEYS = (INTENT_KEY, PARENT_KEY, GROUP_KEY, PART_KEY, NAME_KEY)
"""Metadata that this program lives by: kept however much there is."""


def bounded(text: str, limit: int) -> str:
    """Text from outside as it is kept: its first characters, and how many there were where that isn't all.

    Args:
        text: Of any length.
        limit: Characters that are kept, those included that tell of the rest; at least 40.
    """
    if len(text) <= limit:
        return text
    note = f"… ({len(text):,} characters in all)"
    return text[: limit - len(note)] + note


def few_errors(found: Sequence[BatchError], count: int) -> tuple[BatchError, ...]:
    """As many errors as are kept, and one more that says how many aren't.

    Args:
        found: The first of them, at most ``MAX_ERRORS``.
        count: How many the server sent.
    """
    sizes = list(accumulate(len(error.code) + len(error.message) + len(error.param or "") for error in found))
    if count <= MAX_ERRORS and (not sizes or sizes[-1] <= SUM_LIMIT):
        return tuple(found)
    kept = found[: min(MAX_ERRORS - 1, bisect_right(sizes, SUM_LIMIT - WORD_LIMIT))]
    return (*kept, BatchError(message=_rest(count - len(kept))))


def few_pairs(pairs: Mapping[str, object]) -> Mapping[str, object]:
    """As many pairs as are kept, this program's own first of all, and one more that says how many aren't."""
    if len(pairs) <= MAX_PAIRS:
        return pairs
    own = {key: pairs[key] for key in OWN_KEYS if key in pairs}
    kept = {**dict(islice(pairs.items(), MAX_PAIRS - 1 - len(own))), **own}
    return {**kept, "…": _rest(len(pairs) - len(kept))}


def _rest(count: int) -> str:
    return f"({count:,} more, not kept here)"
