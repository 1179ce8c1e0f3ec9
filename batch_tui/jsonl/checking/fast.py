"""What lets most lines pass at the speed of a C decoder: known layouts, and bodies of which only a little is read.

A line is accepted here only when it is beyond doubt good; all else goes to :mod:`.explain`.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import Literal

import msgspec

from batch_tui.domain.endpoints import normal_endpoint
from batch_tui.domain.rules import refuses_sampling

_PIECE = 128 * 1024
"""Bytes decoded at once: larger pieces leave megabytes of holes in the heap, smaller ones cost time."""


class Body(msgspec.Struct, kw_only=True, gc=False):
    """What is read of any body; the rest is only checked to be JSON."""

    model: str | None = None
    stream: bool | None = None

    @property
    def inputs(self) -> int:
        """Embedding inputs it asks for."""
        return 0


class ChatBody(Body, kw_only=True, gc=False):
    """A chat body must have messages."""

    messages: msgspec.Raw


class ReasoningBody(Body, kw_only=True, gc=False):
    """A body for a model that refuses these: a value sends the line to the slow reading, which warns."""

    max_tokens: None = None
    temperature: None = None
    top_p: None = None
    presence_penalty: None = None
    frequency_penalty: None = None
    logit_bias: None = None
    logprobs: None = None
    top_logprobs: None = None


class ReasoningChatBody(ReasoningBody, kw_only=True, gc=False):
    """A chat body for such a model."""

    messages: msgspec.Raw


class InputBody(Body, kw_only=True, gc=False):
    """A body with an input of any kind."""

    input: msgspec.Raw


class PromptBody(Body, kw_only=True, gc=False):
    """A body with a prompt of any kind."""

    prompt: msgspec.Raw


class ReasoningInputBody(ReasoningBody, kw_only=True, gc=False):
    """A responses body for a model that refuses sampling parameters."""

    input: msgspec.Raw


class EmbeddingBody(Body, kw_only=True, gc=False):
    """An embeddings body, of which the inputs are counted."""

    input: str | list[msgspec.Raw]

    @property
    def inputs(self) -> int:
        """How many inputs it asks for: a text or a token array is one."""
        if isinstance(self.input, str):
            return 1
        is_tokens = bool(self.input) and bytes(self.input[0])[:1].isdigit()
        return 1 if is_tokens else len(self.input)


_BODIES: dict[str, tuple[type[Body], type[Body]]] = {
    "/v1/chat/completions": (ChatBody, ReasoningChatBody),
    "/v1/responses": (InputBody, ReasoningInputBody),
    "/v1/embeddings": (EmbeddingBody, EmbeddingBody),
    "/v1/moderations": (InputBody, InputBody),
}


def body_type(endpoint: str, model: str, *, is_mixed: bool) -> type[Body]:
    """What the good bodies of an endpoint are decoded as.

    Args:
        endpoint: The file's endpoint.
        model: The file's model.
        is_mixed: True when other models may come: then each body is held against the strictest family.
    """
    plain, reasoning = _BODIES.get(normal_endpoint(endpoint), (PromptBody, PromptBody))
    return reasoning if is_mixed or refuses_sampling(model) else plain


@dataclass(frozen=True, slots=True)
class Layout:
    """The bytes of an envelope around its custom_id, as one writer always writes them."""

    head: bytes
    """From the line's start to the custom_id's first character."""
    middle: bytes
    """From the custom_id's closing quote to the body's brace."""


def learn_layout(line: bytes, custom_id: str) -> Layout | None:
    """Take the layout from a line that is known to be good, without repeated keys; None when it can't serve.

    It serves when the body comes last and the custom_id needs no escapes: then a line with the same bytes
    around its id has the same keys, once each.
    """
    try:
        quoted = b'"%b"' % custom_id.encode()
    except UnicodeEncodeError:
        return None
    at = line.find(quoted)
    key = line.find(b'"body"', at)
    brace = line.find(b"{", key)
    if at < 0 or key < 0 or brace < 0 or not line.endswith((b"}}", b"}}\r")):
        return None
    head, middle = line[: at + 1], line[at + len(quoted) - 1 : brace + 1]
    if b"\\" in head or b"\\" in middle or not _is_envelope(head, middle, custom_id):
        return None
    return Layout(head, middle)


class _Envelope(msgspec.Struct, forbid_unknown_fields=True):
    custom_id: str
    method: str
    url: str
    body: None


def _is_envelope(head: bytes, middle: bytes, custom_id: str) -> bool:
    """True when the line without its body is an envelope with that id: the brace found is the body's."""
    try:
        line = b"%b%b%bnull}" % (head, custom_id.encode(), middle[:-1])
        envelope = msgspec.json.decode(line, type=_Envelope)
    except ValueError:
        return False
    return envelope.custom_id == custom_id


_NOTHING = msgspec.Raw(b"")
_Never = Literal["\0"]


class _BareLine(msgspec.Struct, gc=False):
    """A bare body: any value under a key of the envelope is refused."""

    custom_id: _Never = "\0"
    method: _Never = "\0"
    url: _Never = "\0"
    body: _Never = "\0"
    model: msgspec.Raw = _NOTHING
    messages: msgspec.Raw = _NOTHING
    input: msgspec.Raw = _NOTHING
    prompt: msgspec.Raw = _NOTHING


_decode_bare = msgspec.json.Decoder(_BareLine).decode


def is_bare_line(line: bytes) -> bool:
    """True when a line is beyond doubt a bare body, so that a file of them is told as fast as a good one."""
    try:
        bare = _decode_bare(line)
        return (line.isascii() or bool(line.decode())) and any(
            part is not _NOTHING for part in (bare.model, bare.messages, bare.input, bare.prompt)
        )
    except (ValueError, RecursionError):
        return False


def is_utf8(view: memoryview) -> bool:
    """Tell whether a block of whole lines is UTF-8: the JSON decoder doesn't look at what it skips."""
    start, end = 0, len(view)
    decode = codecs.utf_8_decode
    try:
        while start < end:
            stop = start + _PIECE
            start += decode(view[start:stop], "strict", stop >= end)[1]
    except UnicodeDecodeError:
        return False
    return True
