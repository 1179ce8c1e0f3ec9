"""What a request line must be: pure rules over the decoded line, without any reading.

``batch_tui.jsonl.checking.check`` applies them to files; the wording of messages is the service's own where its
validation has one (recorded from failed batches), and the hint names the next step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from batch_tui.domain.endpoints import ENDPOINTS, normal_endpoint
from batch_tui.domain.problems import RESULT_LINE, Code, Cure, Severity
from batch_tui.domain.text import printable

ENVELOPE: tuple[str, ...] = ("custom_id", "method", "url", "body")
RESULT_KEYS = frozenset({"response", "error"})
"""The keys of a request line: all required, no others allowed."""
BODY_KEYS = frozenset({"model", "messages", "input", "prompt"})
"""Keys that tell a request body from an envelope."""
NEEDED: Mapping[str, tuple[str, ...]] = {
    "/v1/chat/completions": ("messages",),
    "/v1/responses": ("input", "prompt", "previous_response_id", "conversation"),
    "/v1/embeddings": ("input",),
    "/v1/completions": ("prompt",),
    "/v1/moderations": ("input",),
    "/v1/images/generations": ("prompt",),
    "/v1/images/edits": ("prompt",),
    "/v1/videos": ("prompt",),
}
"""What a body holds on each endpoint: one of these keys, the usual one first."""
_MODEL_OPTIONAL = frozenset({"/v1/moderations", "/v1/images/generations", "/v1/images/edits", "/v1/videos"})
_REASONING = ("o1", "o3", "o4", "gpt-5")
_NO_REASONING = ("gpt-5-chat",)
_REFUSED_BY_REASONING: Mapping[str, object] = {
    "temperature": 1,
    "top_p": 1,
    "presence_penalty": 0,
    "frequency_penalty": 0,
    "logit_bias": None,
    "logprobs": False,
    "top_logprobs": None,
}
"""Parameters these models refuse, each with the one value besides null that passes."""
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with one line; the reader adds where."""

    code: Code
    message: str
    """One sentence: what is wrong."""
    hint: str = ""
    """One sentence: the next step."""
    severity: Severity = Severity.ERROR
    param: str | None = None
    """The field at fault (``custom_id``, ``body.model``), or None."""
    cure: Cure | None = None
    column: int = 0
    """1-based column in bytes; 0 when nobody has looked, or when it's the whole line."""


BARE_FINDING = Finding(
    Code.MISSING_PARAMETER,
    "Missing required parameter: 'custom_id'.",
    "This is a bare request body: wrap the file into request lines.",
    param="custom_id",
    cure=Cure.WRAP,
)
"""What is said of a request body that stands without its envelope."""


RESULT_FINDING = Finding(
    Code.INVALID_REQUEST,
    RESULT_LINE,
    "Send again what failed with batch-tui retry, not the results.",
    param="response",
)
"""What is said of a line of an output or error file."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the lines of one file must agree on; None for what isn't known yet."""

    endpoint: str | None = None
    """The batch's endpoint, or the url of the first request."""
    model: str | None = None
    """The first request's model; None also when models may be mixed."""


def is_object(value: object) -> TypeGuard[dict[str, object]]:
    """True for a decoded JSON object."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[object]]:
    """True for a decoded JSON array."""
    return isinstance(value, list)


def is_bare_body(line: Mapping[str, object]) -> bool:
    """True when the line is a request body without its envelope."""
    return not BODY_KEYS.isdisjoint(line) and all(key not in line for key in ENVELOPE)


def is_result(line: Mapping[str, object]) -> bool:
    """True for a line that a batch wrote: an answer or an error, and nothing of a request but its id."""
    return not RESULT_KEYS.isdisjoint(line) and all(key not in line for key in ENVELOPE[1:])


def has_params_shape(line: Mapping[str, object]) -> bool:
    """True for another provider's shape: ``custom_id`` and ``params`` instead of ``body``."""
    return "body" not in line and is_object(line.get("params"))


def findings(line: Mapping[str, object], expected: Expected) -> list[Finding]:
    """Everything that is wrong with one decoded line, but for what only the whole file shows.

    Args:
        line: The decoded JSON object.
        expected: What the line must agree with.
    """
    if is_bare_body(line):
        return [BARE_FINDING]
    if is_result(line):
        return [RESULT_FINDING]
    if has_params_shape(line):
        hint = "It has 'params', another provider's shape: convert the file."
        return [_missing("body", hint, Cure.UNWRAP_PARAMS)]
    found = [
        Finding(
            Code.INVALID_REQUEST,
            f"Unknown parameter: {_quoted(key)}.",
            "Keep only custom_id, method, url and body; the rest belongs into body.",
            param=printable(key, _SHOWN),
        )
        for key in line
        if key not in ENVELOPE
    ]
    found.extend(_custom_id_findings(line.get("custom_id")))
    found.extend(_method_findings(line.get("method")))
    found.extend(_url_findings(line.get("url"), expected))
    found.extend(_body_findings(line.get("body"), line.get("url"), expected))
    return found


def embedding_inputs(body: Mapping[str, object]) -> int:
    """How many inputs an embeddings body asks for: a text or a token array is one, else one per entry."""
    value = body.get("input")
    if is_array(value):
        return 1 if value and isinstance(value[0], int) else len(value)
    return 1 if isinstance(value, str) else 0


def refuses_sampling(model: str) -> bool:
    """True for model families known to refuse ``temperature`` and its like (reasoning models)."""
    return model.startswith(_REASONING) and not model.startswith(_NO_REASONING)


def _custom_id_findings(value: object) -> Iterator[Finding]:
    if value is None:
        yield _missing("custom_id", "Give the request an id of its own.", Cure.ADD_CUSTOM_IDS)
    elif not isinstance(value, str):
        yield Finding(
            Code.INVALID_REQUEST,
            f"Invalid type for 'custom_id': expected a string, but got {_kind(value)} instead.",
            "Put the id in quotes.",
            param="custom_id",
            cure=Cure.ADD_CUSTOM_IDS,
        )
    elif not value:
        yield Finding(
            Code.INVALID_REQUEST,
            "Invalid 'custom_id': empty string.",
            "Give the request an id of its own.",
            param="custom_id",
            cure=Cure.ADD_CUSTOM_IDS,
        )


def _method_findings(value: object) -> Iterator[Finding]:
    if value is None:
        yield _missing("method", 'Write "method": "POST".')
    elif value != "POST":
        yield Finding(
            Code.INVALID_METHOD,
            f"Invalid method: {_quoted(value)}; a batch takes only 'POST'.",
            'Write "method": "POST".',
            param="method",
        )


def _url_findings(value: object, expected: Expected) -> Iterator[Finding]:
    if value is None:
        yield _missing("url", f"Write the endpoint, such as {expected.endpoint or ENDPOINTS[1]}.")
    elif not isinstance(value, str):
        message = f"Invalid type for 'url': expected a string, but got {_kind(value)} instead."
        yield Finding(Code.INVALID_URL, message, "Write the endpoint in quotes.", param="url")
    elif expected.endpoint is not None:
        if normal_endpoint(value) != normal_endpoint(expected.endpoint):
            yield Finding(
                Code.INVALID_URL,
                f"The url {_quoted(value)} does not match the batch's endpoint {_quoted(expected.endpoint)}.",
                "Put requests for other endpoints into a file of their own.",
                param="url",
            )
    elif normal_endpoint(value) not in ENDPOINTS:
        yield Finding(
            Code.INVALID_URL,
            f"The url {_quoted(value)} is not a batch endpoint.",
            f"Use one of {', '.join(ENDPOINTS)}.",
            param="url",
        )


def _body_findings(body: object, url: object, expected: Expected) -> Iterator[Finding]:
    if body is None:
        yield _missing("body", "Put the request's parameters into body.")
        return
    if not is_object(body):
        hint = "Write the body as JSON, not as a quoted text." if isinstance(body, str) else "Write an object."
        message = f"Invalid type for 'body': expected an object, but got {_kind(body)} instead."
        yield Finding(Code.INVALID_REQUEST, message, hint, param="body")
        return
    endpoint = normal_endpoint(expected.endpoint or (url if isinstance(url, str) else ""))
    yield from _model_findings(body, endpoint, expected)
    stream = body.get("stream")
    if stream is not None and stream is not False:
        yield Finding(
            Code.STREAMING_UNSUPPORTED,
            "Streaming is not supported in the Batch API.",
            "Remove stream from the body.",
            param="body.stream",
        )
    yield from _content_findings(body, endpoint)
    yield from _family_findings(body, endpoint)


def _model_findings(body: Mapping[str, object], endpoint: str, expected: Expected) -> Iterator[Finding]:
    model = body.get("model")
    if model is None:
        if endpoint not in _MODEL_OPTIONAL and not (endpoint == "/v1/responses" and "prompt" in body):
            yield _missing("body.model", "Name the model in the body.")
    elif not isinstance(model, str):
        message = f"Invalid type for 'model': expected a string, but got {_kind(model)} instead."
        yield Finding(Code.INVALID_REQUEST, message, "Put the model's name in quotes.", param="body.model")
    elif not model:
        yield Finding(
            Code.MODEL_NOT_FOUND,
            "Invalid 'model': empty string.",
            "Name the model in the body.",
            param="body.model",
        )
    elif expected.model is not None and model != expected.model:
        yield Finding(
            Code.MISMATCHED_MODEL,
            f"The model {_quoted(model)} does not match {_quoted(expected.model)} of the first request.",
            "A file may hold one model: put the others into files of their own.",
            param="body.model",
        )


def _content_findings(body: Mapping[str, object], endpoint: str) -> Iterator[Finding]:
    needed = NEEDED.get(endpoint)
    if needed is not None and all(body.get(key) is None for key in needed):
        yield Finding(
            Code.MISSING_PARAMETER,
            f"Missing required parameter: 'body.{needed[0]}'.",
            "This request would be refused when its turn comes.",
            Severity.WARNING,
            f"body.{needed[0]}",
        )


def _family_findings(body: Mapping[str, object], endpoint: str) -> Iterator[Finding]:
    model = body.get("model")
    if not isinstance(model, str) or not refuses_sampling(model):
        return
    if endpoint == "/v1/chat/completions" and body.get("max_tokens") is not None:
        yield _unsupported("max_tokens", model, "Use max_completion_tokens instead.")
    for name, allowed in _REFUSED_BY_REASONING.items():
        value = body.get(name)
        if value is not None and value != allowed:
            yield _unsupported(name, model, "Remove it from the body.")


def _unsupported(name: str, model: str, hint: str) -> Finding:
    return Finding(
        Code.INVALID_REQUEST,
        f"Unsupported parameter: '{name}' is not supported with {_quoted(model)}.",
        hint,
        Severity.WARNING,
        f"body.{name}",
    )


def _missing(name: str, hint: str, cure: Cure | None = None) -> Finding:
    message = f"Missing required parameter: '{name}'."
    return Finding(Code.MISSING_PARAMETER, message, hint, param=name, cure=cure)


def _quoted(value: object) -> str:
    return f"'{printable(value, _SHOWN)}'"


def _kind(value: object) -> str:
    """What JSON calls a decoded value."""
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int):
        return "an integer"
    if isinstance(value, float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "an array" if isinstance(value, Sequence) else "an object"
