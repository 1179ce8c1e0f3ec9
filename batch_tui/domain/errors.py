"""The exception tree: everything batch-tui raises on purpose.

::

    BatchTuiError                   one sentence for the user: cause and next step
    ├── ConfigurationError          a flag, variable or profile is wrong (exit 2)
    ├── ConditionError              a filter or a search term can't be understood
    ├── InputFileError              a local file can't be used (exit 1)
    │   └── FileChangedError        it changed while it was being read or sent
    ├── OutputFileError             a local file can't be written: symlink, disk full
    │   └── OutputExistsError       it exists, and may be replaced when the user says so
    ├── StateError                  the journal can't be written, so nothing was sent
    ├── TransferStalledError        no byte moved for the stall time
    └── ServiceError                the service, or the way to it
        ├── UnauthorizedError       401: the key is wrong or gone (exit 4)
        ├── ForbiddenError          403: this key may not use that feature
        ├── NotFoundError           404
        ├── RefusedError            400 409 413 415 422: understood, and refused
        ├── RateLimitedError        429, with the time to wait
        ├── UnsupportedError        404 405 501 on a whole route: this server lacks it
        ├── UnreachableError        no answer: DNS, refused, TLS, proxy, time-out
        ├── NotTheApiError          an answer that isn't the API's (captive portal, redirect)
        └── ServerFaultError        5xx, 408, a cut or broken reply

``ServiceError.effect`` says what is known about the request that failed: ``Effect.NONE`` proves that it
changed nothing, ``Effect.UNKNOWN`` that it may have.
"""

from __future__ import annotations

from enum import StrEnum


class Effect(StrEnum):
    """What a failed request did on the server, as far as the failure proves it."""

    NONE = "none"
    """Proven: nothing was changed, the same request may be sent again."""
    UNKNOWN = "unknown"
    """It may have been carried out: look before sending again."""


class BatchTuiError(Exception):
    """Base of everything raised on purpose; ``str()`` is one sentence for the user."""


class ConfigurationError(BatchTuiError):
    """A flag, an environment variable or a profile can't be used."""


class ConditionError(BatchTuiError):
    """A condition can't be understood; the sentence says which word, and what would do."""


class InputFileError(BatchTuiError):
    """A local input file can't be used: missing, unreadable, a directory, not JSONL."""


class FileChangedError(InputFileError):
    """A local file changed between being checked and being sent."""


class OutputFileError(BatchTuiError):
    """A local file can't be written: it exists, is a symlink, or the disk is full."""


class OutputExistsError(OutputFileError):
    """A local file exists already: the one case in which asking to replace it makes sense."""


class StateError(BatchTuiError):
    """The state directory can't hold an intent, so the paid call was not made."""


class TransferStalledError(BatchTuiError):
    """A transfer moved no byte for the stall time."""


class ServiceError(BatchTuiError):
    """The service refused, failed, or could not be reached.

    Args:
        message: One sentence, already safe and short enough to show.
        effect: What is known about the request's effect.
        status: The HTTP status, or None when no answer came.
        code: The service's own error code, or None.
        param: The parameter the service blames, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        effect: Effect = Effect.UNKNOWN,
        status: int | None = None,
        code: str | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(message)
        self.effect = effect
        self.status = status
        self.code = code
        self.param = param


class UnauthorizedError(ServiceError):
    """401: no key, or a wrong one."""


class ForbiddenError(ServiceError):
    """403: the key is known but may not do this."""


class NotFoundError(ServiceError):
    """404: no such object (yet)."""


class RefusedError(ServiceError):
    """400, 409, 413, 415, 422: the request was understood and refused."""


class RateLimitedError(ServiceError):
    """429: too many requests.

    Args:
        message: One sentence.
        retry_after: Seconds to wait as the service said, or None when it said nothing.
        code: The service's own error code, or None.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, code: str | None = None) -> None:
        super().__init__(message, effect=Effect.NONE, status=429, code=code)
        self.retry_after = retry_after


class UnsupportedError(ServiceError):
    """404, 405 or 501 on a whole route: this server doesn't have the feature."""


class UnreachableError(ServiceError):
    """No usable answer came: DNS, refused, TLS, proxy, time-out.

    Args:
        message: One sentence.
        effect: ``Effect.NONE`` when the connection was never made.
        is_permanent: True when trying again can't help (certificate, scheme, proxy configuration).
    """

    def __init__(self, message: str, *, effect: Effect = Effect.UNKNOWN, is_permanent: bool = False) -> None:
        super().__init__(message, effect=effect)
        self.is_permanent = is_permanent


class NotTheApiError(ServiceError):
    """An answer that isn't the API's: HTML of a captive portal, a redirect, another object."""


class ServerFaultError(ServiceError):
    """5xx, 408, or a reply that was cut or can't be read."""

    retry_after: float | None = None
    """Seconds to wait as a 503 said, or None when it said nothing."""
