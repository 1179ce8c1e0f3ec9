"""The exit codes of the command line."""

from __future__ import annotations

from enum import IntEnum

from batch_tui.domain.errors import BatchTuiError, ConfigurationError, ServiceError, UnauthorizedError


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
    HUNG_UP = 129
    """The terminal went away."""
    INTERRUPTED = 130
    TERMINATED = 143


def exit_for(error: BatchTuiError) -> Exit:
    """What an error says to a script."""
    match error:
        case UnauthorizedError():
            return Exit.UNAUTHORIZED
        case ServiceError():
            return Exit.SERVICE
        case ConfigurationError():
            return Exit.USAGE
        case _:
            return Exit.FAILURES
