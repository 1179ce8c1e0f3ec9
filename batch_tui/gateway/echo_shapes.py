"""What an answer looks like on each endpoint (the API reference's objects, 2026), filled by the echo model."""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from batch_tui.gateway.shapes import as_list, as_object

NAME = "echo"
"""The model of an answer to a request that names none."""
_CLIP = 400
_DIMENSIONS = 16
_MAX_DIMENSIONS = 4096
_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
_REQUIRED = {
    "/v1/chat/completions": "messages",
    "/v1/responses": "input",
    "/v1/embeddings": "input",
    "/v1/completions": "prompt",
    "/v1/moderations": "input",
    "/v1/images/generations": "prompt",
    "/v1/images/edits": "prompt",
    "/v1/videos": "prompt",
}
_CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an answer is made from."""

    body: Mapping[str, object]
    seed: str
    """32 hexadecimal digits, the same for the same request."""
    now: int
    """Unix seconds."""
    length: int | None = None
    """Words asked for, or None for an echo."""
    finish: str | None = None
    """The finish_reason asked for."""
    snapshot: str | None = None
    """The model to answer as, when another than the request's was asked for."""

    @property
    def model(self) -> str:
        """The model the answer names: as at the service the one asked for, so that the answer has its price."""
        asked = self.body.get("model")
        return self.snapshot or (asked if isinstance(asked, str) and asked else NAME)

    def number(self, key: str) -> int | None:
        """A positive whole number of the body, or None."""
        value = self.body.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None

    def words(self, said: str) -> tuple[str, str]:
        """The answer's text and its finish_reason, cut to the tokens the request allows."""
        text = f"echo: {said[:_CLIP]}"
        words = text.split(" ")
        if self.length is not None:
            words = (words * (self.length // len(words) + 1))[: max(0, self.length)]
        most = (
            self.number("max_completion_tokens") or self.number("max_output_tokens") or self.number("max_tokens")
        )
        if most is not None and len(words) > most:
            return " ".join(words[:most]), self.finish or "length"
        return " ".join(words), self.finish or "stop"


def missing_parameter(endpoint: str, body: Mapping[str, object]) -> str | None:
    """The parameter without which the endpoint refuses a body, when it isn't there."""
    for key in ("model", _REQUIRED[endpoint]):
        if body.get(key) in (None, "") and not (key == "model" and endpoint == "/v1/moderations"):
            return key
    return None


def tokens(text: str) -> int:
    """Tokens of a text, estimated at four bytes each, at least 1."""
    return max(1, (len(text.encode("utf-8", "replace")) + 3) // 4)


def text_of(value: object) -> str:
    """All the text in a prompt, whatever its shape: a string, messages, content parts, lists of them."""
    if isinstance(value, str):
        return value
    parts = as_list(value)
    if parts is not None:
        return "\n".join(filter(None, map(text_of, parts)))
    part = as_object(value)
    return text_of(part.get("text") or part.get("content")) if part else ""


def _said(value: object) -> str:
    """What was said last."""
    parts = as_list(value)
    return text_of(parts[-1]) if parts else text_of(value)


def _completion_usage(sent: int, given: int) -> dict[str, object]:
    return {
        "prompt_tokens": sent,
        "completion_tokens": given,
        "total_tokens": sent + given,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }


def _chat(wanted: Wanted) -> dict[str, object]:
    messages = wanted.body["messages"]
    text, finish = wanted.words(_said(messages))
    count = wanted.number("n") or 1
    message = {"role": "assistant", "content": text, "refusal": None, "annotations": list[str]()}
    choices = [
        {"index": index, "message": message, "logprobs": None, "finish_reason": finish} for index in range(count)
    ]
    return {
        "id": f"chatcmpl-{wanted.seed}",
        "object": "chat.completion",
        "created": wanted.now,
        "model": wanted.model,
        "choices": choices,
        "usage": _completion_usage(tokens(text_of(messages)), tokens(text) * count),
        "service_tier": "default",
        "system_fingerprint": "fp_echo",
    }


def _completion(wanted: Wanted) -> dict[str, object]:
    prompt = wanted.body["prompt"]
    text, finish = wanted.words(_said(prompt))
    return {
        "id": f"cmpl-{wanted.seed}",
        "object": "text_completion",
        "created": wanted.now,
        "model": wanted.model,
        "choices": [{"text": text, "index": 0, "logprobs": None, "finish_reason": finish}],
        "usage": _completion_usage(tokens(text_of(prompt)), tokens(text)),
    }


def _response(wanted: Wanted) -> dict[str, object]:
    asked = wanted.body["input"]
    text, finish = wanted.words(_said(asked))
    is_whole = finish == "stop"
    reason = "max_output_tokens" if finish == "length" else finish
    status = "completed" if is_whole else "incomplete"
    sent = tokens(text_of(asked)) + (
        tokens(text_of(wanted.body["instructions"])) if "instructions" in wanted.body else 0
    )
    given = tokens(text)
    return {
        "id": f"resp_{wanted.seed}",
        "object": "response",
        "created_at": wanted.now,
        "status": status,
        "error": None,
        "incomplete_details": None if is_whole else {"reason": reason},
        "model": wanted.model,
        "output": [
            {
                "id": f"msg_{wanted.seed}",
                "type": "message",
                "status": status,
                "role": "assistant",
                "content": [
                    {"type": "output_text", "text": text, "annotations": list[str](), "logprobs": list[str]()}
                ],
            },
        ],
        "service_tier": "default",
        "usage": {
            "input_tokens": sent,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": given,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": sent + given,
        },
    }


def _embeddings(wanted: Wanted) -> dict[str, object]:
    asked = wanted.body["input"]
    # A list of numbers is one input given as tokens; any other list is many inputs.
    many = as_list(asked)
    if many is None or (many and isinstance(many[0], int)):
        many = [asked]
    size = min(_MAX_DIMENSIONS, wanted.number("dimensions") or _DIMENSIONS)
    is_packed = wanted.body.get("encoding_format") == "base64"
    rows = [
        {"object": "embedding", "index": index, "embedding": _vector(one, size, is_packed=is_packed)}
        for index, one in enumerate(many)
    ]
    sent = sum(len(as_list(one) or ()) or tokens(text_of(one)) for one in many)
    return {
        "object": "list",
        "data": rows,
        "model": wanted.model,
        "usage": {"prompt_tokens": sent, "total_tokens": sent},
    }


def _vector(one: object, size: int, *, is_packed: bool) -> str | list[float]:
    """A vector of length 1 that only depends on the input."""
    noise = hashlib.shake_128(repr(one).encode("utf-8", "replace")).digest(size)
    norm = sum((byte - 127.5) ** 2 for byte in noise) ** 0.5
    numbers = [round((byte - 127.5) / norm, 6) for byte in noise]
    return base64.b64encode(struct.pack(f"<{size}f", *numbers)).decode() if is_packed else numbers


def _moderation(wanted: Wanted) -> dict[str, object]:
    asked = wanted.body["input"]
    many = as_list(asked) or [asked]
    result = {
        "flagged": False,
        "categories": dict.fromkeys(_CATEGORIES, False),
        "category_scores": dict.fromkeys(_CATEGORIES, 0.0),
        "category_applied_input_types": {category: ["text"] for category in _CATEGORIES},
    }
    return {"id": f"modr-{wanted.seed}", "model": wanted.model, "results": [result] * len(many)}


def _images(wanted: Wanted) -> dict[str, object]:
    sent = tokens(text_of(wanted.body["prompt"]))
    return {
        "created": wanted.now,
        "model": wanted.model,
        "data": [{"b64_json": _PIXEL}] * (wanted.number("n") or 1),
        "usage": {
            "input_tokens": sent,
            "input_tokens_details": {"image_tokens": 0, "text_tokens": sent},
            "output_tokens": 1,
            "total_tokens": sent + 1,
        },
    }


def _video(wanted: Wanted) -> dict[str, object]:
    return {
        "id": f"video_{wanted.seed}",
        "object": "video",
        "created_at": wanted.now,
        "status": "completed",
        "progress": 100,
        "model": wanted.model,
        "seconds": "4",
    }


SHAPES: Mapping[str, Callable[[Wanted], dict[str, object]]] = {
    "/v1/chat/completions": _chat,
    "/v1/responses": _response,
    "/v1/embeddings": _embeddings,
    "/v1/completions": _completion,
    "/v1/moderations": _moderation,
    "/v1/images/generations": _images,
    "/v1/images/edits": _images,
    "/v1/videos": _video,
}
"""Who fills the answer of which endpoint."""
