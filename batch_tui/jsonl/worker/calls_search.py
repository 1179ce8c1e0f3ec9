"""What the program asks of the worker to search a file, as it goes over the pipe."""

from __future__ import annotations

import msgspec


class SearchCall(msgspec.Struct):
    """Asks for ``search_file``."""

    path: bytes
    needle: bytes
    """UTF-8, lone surrogates pass."""
    ignore_case: bool
    regex: bool
