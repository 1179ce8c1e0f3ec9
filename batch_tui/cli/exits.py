"""The exit codes of the command line."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What a verb's end says to a script."""

    CLEAN = 0
    """Done, and everything is well."""
    FAILURES = 1
    """Done, but something failed or is invalid."""
    USAGE = 2
    """Wrong usage or configuration."""
    SERVICE = 3
    """The service refused or can't be reached."""
    UNAUTHORIZED = 4
    """The key is wrong or missing."""
    TIMED_OUT = 124
    INTERRUPTED = 130
    TERMINATED = 143
