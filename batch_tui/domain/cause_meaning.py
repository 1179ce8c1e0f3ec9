"""What a failure means, in a sentence, and whether a second try can pass.

Codes are the service's (its error reference, and recorded batches); where none is known, the HTTP status tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from batch_tui.domain.lines import Outcome
from batch_tui.domain.problems import Code
from batch_tui.domain.retry import can_pass_again


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a failure means to the user."""

    sentence: str
    """What happened, one sentence."""
    second_try: str
    """Whether sending it again can help, and what must change first where it can't; one sentence."""
    can_pass: bool
    """True when the same request may succeed when it's sent again."""


@dataclass(frozen=True, slots=True)
class _Words:
    sentence: str
    change: str = "correct the request"
    """What must change before a second try; goes on from "Unchanged it fails again:"."""


_BY_CODE: Mapping[str, _Words] = {
    "rate_limit_exceeded": _Words("The organization's requests or tokens a minute were used up when it ran."),
    "insufficient_quota": _Words(
        "The account's credit or its budget is used up.", "add credit or raise the budget, then include it"
    ),
    "billing_hard_limit_reached": _Words(
        "The account's spending limit is reached.", "raise the limit, then include it"
    ),
    "invalid_api_key": _Words("The key was not accepted when it ran.", "use another key, then include it"),
    "context_length_exceeded": _Words(
        "Input and room for the answer are more tokens than the model takes.",
        "shorten the input, lower the answer's limit, or take a model with more room",
    ),
    "string_above_max_length": _Words("A text in it is longer than the field may be.", "shorten the text"),
    "content_filter": _Words("The service's content rules stopped it.", "word it differently"),
    "content_policy_violation": _Words("The service's content rules refused it.", "word it differently"),
    "model_not_found": _Words(
        "The model doesn't exist, or this project has no access to it.", "name another model, or get access"
    ),
    "unsupported_parameter": _Words("The model doesn't take one of its fields.", "take the field away"),
    "unsupported_value": _Words("The model doesn't take the value of one of its fields.", "set another value"),
    "unknown_parameter": _Words("The endpoint doesn't know one of its fields.", "take the field away"),
    "missing_required_parameter": _Words("A field that must be there is missing.", "add the field"),
    "invalid_value": _Words("A field has a value that isn't allowed.", "set another value"),
    "invalid_type": _Words("A field has a value of the wrong kind.", "set a value of the right kind"),
    "invalid_request_error": _Words("The service took the request for malformed."),
    "batch_expired": _Words("The completion window ended before it ran; it cost nothing."),
    "batch_cancelled": _Words("The batch was cancelled before it ran; it cost nothing."),
    "request_failed": _Words("It ran and failed; only its message says why."),
    "request_timeout": _Words("The model took longer than the service waits."),
    "server_error": _Words("Something broke at the service."),
    "service_unavailable": _Words("The service was overloaded or down when it ran."),
}
_BY_STATUS: Mapping[int, _Words] = {
    0: _Words("The service lost it and gave no answer."),
    400: _Words("The service took the request for malformed."),
    401: _Words("The key was not accepted when it ran.", "use another key, then include it"),
    403: _Words("The project may not do this.", "ask for the permission, then include it"),
    404: _Words("What it names doesn't exist, or this project has no access to it.", "name something else"),
    408: _Words("The service waited too long for it."),
    409: _Words("It collided with something else at the service."),
    413: _Words("It is larger than the endpoint takes.", "make it smaller"),
    422: _Words("It is well-formed, but a value in it can't be processed.", "set another value"),
    429: _Words("The service had too much to do when it ran, or a limit was used up."),
}
_SERVER = _Words("Something broke at the service.")
_UNKNOWN = _Words("The service gave no reason that is known here.")
_NOT_RUN = _Words("The service says that it never ran.")
_MISSING = _Words("It is in no result file: the service never told how it came out.")
_NO_ID = _Words(
    "Its input line has no usable custom_id, so no answer can be matched to it.", "give it a custom_id"
)
_VALIDATION: Mapping[str, str] = {
    Code.INVALID_JSON_LINE: "A line is not JSON, so nothing of the file ran.",
    Code.MISSING_PARAMETER: "A line lacks one of custom_id, method, url and body.",
    Code.DUPLICATE_CUSTOM_ID: "Two lines have the same custom_id, so their answers couldn't be told apart.",
    Code.MISMATCHED_MODEL: "The lines name different models; a batch takes one.",
    "model_mismatch": "The lines name different models; a batch takes one.",
    Code.MODEL_NOT_FOUND: "The model doesn't exist, takes no batches, or this project has no access to it.",
    Code.INVALID_URL: "A line's url is not the endpoint the batch was made for.",
    "url_mismatch": "A line's url is not the endpoint the batch was made for.",
    Code.INVALID_METHOD: "A line's method is not POST.",
    Code.STREAMING_UNSUPPORTED: "A line asks for streaming, which batches don't do.",
    Code.INVALID_REQUEST: "A line is no request the service understands.",
    Code.EMPTY_FILE: "The file holds no request.",
    Code.TOO_MANY_REQUESTS: "The file holds more requests than a batch may have; split it.",
    Code.FILE_TOO_LARGE: "The file is larger than a batch may be; split it.",
}
_ROOM = (
    "More tokens were queued for this model than the organization may have waiting; nothing ran, nothing is paid."
)
_AGAIN = "A second try can pass."


def meaning_of(outcome: Outcome, status_code: int | None, code: str) -> Meaning:
    """What it means that a request came out so.

    Args:
        outcome: How it came out; nothing needs explaining about a success.
        status_code: Its HTTP status; None when it never ran, 0 when the service lost it.
        code: The error's code, or empty.
    """
    if outcome is Outcome.SUCCEEDED:
        return Meaning("It was answered.", "There is nothing to send again.", can_pass=False)
    if outcome is Outcome.MISSING and code:
        return _meaning(_NO_ID, can_pass=False)
    return _meaning(_words(outcome, status_code, code), can_pass=can_pass_again(outcome, status_code, code))


def meaning_of_validation(code: str) -> Meaning:
    """What it means that the service refused a whole batch with this code: no request ran, none is paid."""
    if code == Code.TOKEN_LIMIT:
        return Meaning(_ROOM, "The same file can pass once other batches have ended: queue it.", can_pass=True)
    sentence = _VALIDATION.get(code, "The service refused the whole file; its message says why.")
    return Meaning(sentence, "Unchanged it is refused again: correct the file and submit it anew.", can_pass=False)


def _words(outcome: Outcome, status_code: int | None, code: str) -> _Words:
    known = _BY_CODE.get(code)
    if known is not None:
        return known
    if outcome is not Outcome.FAILED:
        return _MISSING if outcome is Outcome.MISSING else _NOT_RUN
    if status_code is not None and status_code >= 500:
        return _SERVER
    return _UNKNOWN if status_code is None else _BY_STATUS.get(status_code, _UNKNOWN)


def _meaning(words: _Words, *, can_pass: bool) -> Meaning:
    again = _AGAIN if can_pass else f"Unchanged it fails again: {words.change}."
    return Meaning(words.sentence, again, can_pass)
