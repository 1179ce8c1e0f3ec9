"""Keys taken out of whatever is written down. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

REDACTED = "[redacted]"
"""Stands where a key stood."""
_SHORTEST = 4
"""Characters of a key: what is shorter only fills the place of one, and stands in ordinary words."""
_LONG = 8
"""From here on a key is taken out wherever it stands; a shorter one where it is a word of its own."""
_KEY_SHAPES = re.compile(r"\b(?:sk|gsk|xai|pk)-[A-Za-z0-9_\-]{8,}|(?i:bearer)\s+\S+")


def redact(text: str, secrets: Iterable[str]) -> str:
    """Take every secret, and everything shaped like a key, out of a text."""
    for secret in secrets:
        if len(secret) >= _LONG:
            text = text.replace(secret, REDACTED)
        elif len(secret) >= _SHORTEST:
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", REDACTED, text)
    return _KEY_SHAPES.sub(REDACTED, text)
