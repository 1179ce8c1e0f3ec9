"""Plausible request lines for the demo: deterministic, and honest about what the echo model will do with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

RETRYABLE: tuple[dict[str, object], ...] = (
    {
        "status": 429,
        "code": "rate_limit_exceeded",
        "message": "Rate limit reached for this model on tokens per min (TPM). Please try again in 1.2s.",
        "times": 1,
    },
    {
        "status": 500,
        "code": "server_error",
        "message": "The server had an error while processing your request. Sorry about that!",
        "times": 1,
    },
)
"""Failures that pass when the request is sent a second time."""
PERMANENT: tuple[dict[str, object], ...] = (
    {
        "status": 400,
        "code": "context_length_exceeded",
        "message": "This model's maximum context length is 128000 tokens. Your messages have 131402 tokens.",
    },
    {
        "status": 400,
        "code": "invalid_request_error",
        "message": "Invalid 'messages[0].content': string contains an image that could not be downloaded.",
    },
)
"""Failures that the request itself is to blame for."""

_SUBJECTS = (
    "battery drains overnight",
    "refund not received",
    "cannot log in",
    "parcel arrived damaged",
    "wrong size",
)
_TONES = ("angry", "polite", "confused", "brief", "long-winded")
_PRODUCTS = (
    "rain jacket",
    "espresso grinder",
    "trail shoe",
    "desk lamp",
    "travel kettle",
    "wool blanket",
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """How many requests of a file fail, spread over it."""

    retryable: int = 0
    permanent: int = 0

    def of(self, index: int, total: int) -> dict[str, object] | None:
        """What the request at ``index`` asks of the echo model, or None for nothing."""
        troubles = self.retryable + self.permanent
        if not troubles:
            return None
        step = max(1, total // troubles)
        place, rest = divmod(index, step)
        if rest != step // 2 or place >= troubles:
            return None
        if place < self.retryable:
            return RETRYABLE[place % len(RETRYABLE)]
        return PERMANENT[place % len(PERMANENT)]


NO_TROUBLE = Trouble()


def _chat(model: str, index: int) -> dict[str, object]:
    subject, tone = _SUBJECTS[index % 5], _TONES[index // 5 % 5]
    return {
        "model": model,
        "messages": [
            {"role": "system", "content": "Classify the ticket as billing, shipping, product or account."},
            {
                "role": "user",
                "content": f"Ticket {4000 + index} ({tone}): {subject}, ordered {index % 28 + 1} days ago.",
            },
        ],
        "max_completion_tokens": 64,
    }


def _responses(model: str, index: int) -> dict[str, object]:
    product = _PRODUCTS[index % 6]
    return {
        "model": model,
        "instructions": "Write two sentences for a shop page.",
        "input": f"Item {index + 1:05}: {product}, colour {index % 12}, size {index % 6}.",
        "max_output_tokens": 120,
    }


def _embeddings(model: str, index: int) -> dict[str, object]:
    return {"model": model, "input": f"{_PRODUCTS[index % 6]} no. {index}: {_SUBJECTS[index % 5]}"}


def _moderations(model: str, index: int) -> dict[str, object]:
    return {
        "model": model,
        "input": f"Comment {index}: {_SUBJECTS[index % 5]}, and I am {_TONES[index % 4]} about it.",
    }


_BODIES: dict[str, Callable[[str, int], dict[str, object]]] = {
    "/v1/chat/completions": _chat,
    "/v1/responses": _responses,
    "/v1/embeddings": _embeddings,
    "/v1/moderations": _moderations,
}


def body(endpoint: str, model: str, index: int) -> dict[str, object]:
    """The body of the request at ``index``."""
    return _BODIES[endpoint](model, index)


def request_lines(
    endpoint: str,
    model: str,
    count: int,
    prefix: str,
    trouble: Trouble = NO_TROUBLE,
    *,
    delay_s: float | None = None,
) -> Iterator[bytes]:
    """The lines of an input file, each with its newline.

    Args:
        endpoint: The url of every request.
        model: The model of every request.
        count: How many.
        prefix: Of the custom_ids, which are unique in the account so.
        trouble: Which of them fail.
        delay_s: Seconds echo takes for each on average; None for the usual time.
    """
    encode = msgspec.json.encode
    for index in range(count):
        content = body(endpoint, model, index)
        wish = trouble.of(index, count)
        if wish is not None:
            content["echo"] = wish
        elif delay_s is not None:
            content["echo"] = {"delay_s": round(delay_s * (0.5 + index * 37 % 100 / 100), 2)}
        line = {"custom_id": f"{prefix}-{index + 1:05}", "method": "POST", "url": endpoint, "body": content}
        yield encode(line) + b"\n"


def bare_lines(model: str, count: int) -> Iterator[bytes]:
    """Request bodies without their envelope, as many tutorials show them."""
    for index in range(count):
        yield msgspec.json.encode(_chat(model, index)) + b"\n"


def broken_lines(prefix: str) -> list[bytes]:
    """A file of 24 lines, with seven that the service would refuse."""
    lines = list(request_lines("/v1/chat/completions", "gpt-4o-mini", 24, prefix))
    lines[3] = lines[3][:-20] + b"\n"
    lines[7] = lines[6]
    lines[10] = lines[10].replace(b'"url":"/v1/chat/completions"', b'"url":"/v1/embeddings"')
    lines[13] = lines[13].replace(b'"gpt-4o-mini"', b'"gpt-4o"')
    lines[16] = lines[16].replace(b'"method":"POST",', b"")
    lines[19] = lines[19].replace(b'"max_completion_tokens":64', b'"stream":true')
    lines[22] = b"{'custom_id': 'single-quotes'}\n"
    return lines
