"""Which failures can pass when the same request is sent again."""

from __future__ import annotations

from batch_tui.domain.lines import Outcome

_PASSING_STATUS = frozenset({0, 408, 409, 425, 429})
_PERMANENT_CODES = frozenset(
    {
        "context_length_exceeded",
        "content_filter",
        "content_policy_violation",
        "insufficient_quota",
        "billing_hard_limit_reached",
        "invalid_api_key",
        "model_not_found",
        "string_above_max_length",
        "unsupported_parameter",
        "unsupported_value",
    },
)
_PASSING_CODES = frozenset(
    {
        "batch_expired",
        "batch_cancelled",
        "request_timeout",
        "rate_limit_exceeded",
        "server_error",
        "service_unavailable",
    },
)


def can_pass_again(outcome: Outcome, status_code: int | None, code: str) -> bool:
    """Tell whether the same request may succeed when it is sent again.

    What never ran always may. A failure may when its cause lies in the moment (429, 5xx, time-outs), not
    in the request (other 4xx) or in the account (quota).

    Args:
        outcome: How the request came out.
        status_code: Its HTTP status; None when it never ran, 0 when the service lost it.
        code: The error's code, or empty.
    """
    if outcome is Outcome.SUCCEEDED:
        return False
    if outcome in {Outcome.NOT_RUN, Outcome.MISSING}:
        return True
    if code in _PERMANENT_CODES:
        return False
    if code in _PASSING_CODES or status_code is None:
        return True
    return status_code in _PASSING_STATUS or status_code >= 500
